/*
 * A page drawn from JSON on a screen of any kind, for the tests of the pages of guardianctl.
 */
#ifndef TESTS_PAGE_SCENE_H
#define TESTS_PAGE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <string.h>

#include "guardian/screen.h"
#include "guardian/text.h"

static char buf[16384];

typedef void draw_fn(struct text_out *out, const struct screen *screen, const struct cJSON *json);

/* -> BUF */
static inline const char *draw(
	draw_fn *fn, const char *text, uint16_t columns, bool utf8, bool colour)
{
	const struct screen screen = {.columns = columns, .utf8 = utf8, .colour = colour};
	cJSON *json = cJSON_Parse(text);
	struct text_out out;

	assert_non_null(json);
	text_out_init(&out, buf, sizeof(buf));
	fn(&out, &screen, json);
	assert_false(out.full);
	cJSON_Delete(json);
	return buf;
}

#endif
