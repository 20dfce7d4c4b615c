/*
 * docker_json: a container out of Docker's JSON, be it of the API or of its files, where they are
 * alike. Private to docker.c and docker_files.c.
 *
 * What is absent or of another type leaves its field empty: another Docker may say more or less.
 */
#ifndef GUARDIAN_OS_DOCKER_JSON_H
#define GUARDIAN_OS_DOCKER_JSON_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "guardian/docker.h"

/* -> an object or array, or NULL. Give it back with docker_json_free(). */
cJSON *docker_json_parse(const char *text, size_t len);

/* Wipes every string of the tree before it is freed: Config.Env holds passwords. */
void docker_json_free(cJSON *tree);

/* Id or ID, Name, Config.Labels, State: of `GET /containers/ID/json` and of config.v2.json. */
void docker_json_identity(const cJSON *container, struct docker_container *out);

/* HostConfig of the API; the whole of hostconfig.json. */
void docker_json_limits(const cJSON *host_config, struct docker_container *out);

/* One entry of `GET /containers/json`. */
void docker_json_list_entry(const cJSON *entry, struct docker_container *out);

/* The string KEY of OBJECT, or NULL. */
const char *docker_json_string(const cJSON *object, const char *key);

#endif
