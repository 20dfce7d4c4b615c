/*
 * pages: which of the program's own pages stay in memory.
 */
#ifndef GUARDIAN_PAGES_H
#define GUARDIAN_PAGES_H

/*
 * Unmaps every page of program and libraries that can be read again from their files. What is
 * needed comes back by itself, a minor fault at a time (the page cache still has it); what only
 * starting needed (the dynamic linker's reading, the policy's parser) does not, and so is neither
 * counted nor locked by a later mlockall(2). Pages that were written to, relocated ones among them,
 * are left alone. madvise(2), MADV_DONTNEED: fails on pages locked already, which stay. Of the
 * program's own code and of some libraries', what comes back is the page alone, not the 64 KiB
 * around it. The part of the caller's stack that is not in use is given back, too.
 */
void pages_forget(void);

#endif
