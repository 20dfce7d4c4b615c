/*
 * scene: a semaphore file in a folder of its own, and the built guardian-stream run on it.
 */
#ifndef SCENE_H
#define SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <sys/types.h>

#include "guardian/slot_file.h"

struct scene {
	char folder[64];
	char file[96];     /* the semaphore file */
	char log[96];      /* for commands to write to */
	char program[512]; /* the built guardian-stream */
	int fd;            /* of the file, to look */
	uint64_t generation;
	/* What the next processes are. */
	uid_t uid;                 /* 0: as the test */
	void (*before_exec)(void); /* in the child, after fork */
};

extern struct scene scene;

/* Once a program: where guardian-stream is, from the test's own path. */
void scene_find_program(const char *argv0);
/* Not so in builds for coverage or with sanitizers. */
bool scene_is_static(void);
/* setup and teardown of a test: a good file with a cap of 2. Whatever still runs is killed. */
int scene_up(void **state);
int scene_down(void **state);

void scene_publish(uint32_t cap, uint32_t effective_cap, enum slot_cap_reason reason);
void scene_write(const void *bytes, size_t size, int64_t at);

/* How it went. */
struct ran {
	int status; /* exit status, or 128 + signal */
	char out[4096], err[4096];
};

/* Runs `guardian-stream --file FILE WORDS...` to its end. */
#define RAN(...)      scene_run((const char *const[]){__VA_ARGS__, NULL}, true)
/* Without --file FILE before the words. */
#define RAN_BARE(...) scene_run((const char *const[]){__VA_ARGS__, NULL}, false)
struct ran scene_run(const char *const *words, bool with_file);

/* Begins it, its output to nowhere; ends with the test. */
#define BEGIN(...) scene_begin((const char *const[]){__VA_ARGS__, NULL})
pid_t scene_begin(const char *const *words);
/* Until it has ended. -> as struct ran's */
int scene_wait(pid_t pid);

/* By F_OFD_GETLK, as guardiand looks. */
uint64_t scene_held(void);    /* slots */
uint64_t scene_waiting(void); /* places */
struct slot_record scene_record(unsigned int slot);
struct slot_counters scene_counters(void);

/* Asserts that it comes true within 10 s. */
#define UNTIL(condition)                                                                           \
	do {                                                                                       \
		for (int left_ = 2000; !(condition); left_--) {                                    \
			if (left_ == 0)                                                            \
				fail_msg("never came true: %s", #condition);                       \
			scene_pause_ms(5);                                                         \
		}                                                                                  \
	} while (0)
void scene_pause_ms(unsigned int ms);
void assert_contains(const char *text, const char *part);
/* The log's text, "" when there is none. */
const char *scene_log(void);

#endif
