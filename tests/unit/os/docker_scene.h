/*
 * A fake dockerd that answers one question.
 */
#ifndef TESTS_DOCKER_SCENE_H
#define TESTS_DOCKER_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_docker.h"

static inline int inspect_of(const struct fake_reply *reply, struct docker_container *out)
{
	struct fake_docker fake;
	int r;

	fake_docker_start(&fake, reply, 1);
	fake.docker.deadline_us = 500000;
	r = docker_inspect(&fake.docker, "backend", out);
	fake_docker_stop(&fake);
	return r;
}

static inline int inspect_json(const char *json, struct docker_container *out)
{
	const struct fake_reply reply = {.bytes = fake_http(200, json)};

	return inspect_of(&reply, out);
}

#endif
