/*
 * One service with one container, and the limit it was given.
 */
#ifndef TESTS_LIMIT_SCENE_H
#define TESTS_LIMIT_SCENE_H

#include "world.h"

#include <string.h>

#define INODE 7001ULL

/* One service with a limit, one member of it. */
static inline struct world *one(void **state, uint64_t max)
{
	struct world *w = *state;

	add_service(w, "backend", max, 0);
	add_member(w, 0, INODE);
	return w;
}

static inline struct world *held(void **state, uint64_t max)
{
	struct world *w = one(state, max);

	calm_down(w);
	forget_told(w);
	return w;
}

static inline void foreign_write(struct world *w, uint64_t value)
{
	limit_put(&member(w, INODE)->live, LIMIT_MAX, value);
}

#endif
