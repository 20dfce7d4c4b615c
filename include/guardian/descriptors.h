/*
 * descriptors: room for the files that a full roster holds open.
 */
#ifndef GUARDIAN_DESCRIPTORS_H
#define GUARDIAN_DESCRIPTORS_H

/* Raises the soft limit of open files as far as the hard one lets it; never lowers it. What then
 * finds no descriptor is tried again later: roster. */
void descriptors_raise(void);

#endif
