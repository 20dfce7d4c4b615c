/*
 * Lanes over a host of its own, whose dockerd has the container `web`: for the tests of what posts
 * to them.
 */
#ifndef TESTS_LANES_SCENE_H
#define TESTS_LANES_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dockerd.h"
#include "guardian/lanes.h"
#include "host.h"

static struct host host;
static struct dockerd dockerd;
static struct policy_docker settings;
static struct lanes *lanes;
static struct job job;

static inline void lanes_start(void)
{
	char path[192];

	host_make(&host);
	memset(&dockerd, 0, sizeof(dockerd));
	strcpy(dockerd.container[1].name, "web");
	(void)snprintf(path, sizeof(path), "%s/run/docker.sock", host.tree.path);
	dockerd_start(&dockerd, path);
	assert_true(strlen(path) < sizeof(settings.socket));
	strcpy(settings.socket, path);
	strcpy(settings.data_root, "/var/lib/docker");
	settings.deadline_us = 1000000;
	assert_int_equal(lanes_open(&lanes, host.tree.fd, host.cgfd, &settings), 0);
	memset(&job, 0, sizeof(job));
}

static inline void lanes_end(void)
{
	lanes_close(lanes, 5000000);
	dockerd_stop(&dockerd);
	host_remove(&host);
}

#endif
