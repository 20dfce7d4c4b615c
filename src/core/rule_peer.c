/*
 * rule_peer: dockerd and systemd answering or silent, and what this machine cannot do; each is told
 * once.
 */
#include "rules.h"

static void peer_tell(struct tick *t, enum event_kind kind, uint8_t peer)
{
	uint64_t ok_us = t->state->peer_ok_us[peer];
	struct event *e = plan_tell(t, kind, SERVICE_NONE, 0);

	e->subject = peer;
	if (kind == EVENT_PEER_SILENT && ok_us)
		e->n[0] = t->now_us - ok_us;
	t->state->peer_silent[peer] = kind == EVENT_PEER_SILENT;
	t->state->peer_back_us[peer] = 0;
}

static void peer_watch(struct tick *t, uint8_t peer)
{
	uint64_t *back_us = &t->state->peer_back_us[peer], deadline_us = UINT64_MAX;
	uint8_t now = t->snap->peer[peer];

	if (now == PEER_OK)
		t->state->peer_ok_us[peer] = t->now_us;
	if (!t->state->peer_silent[peer]) {
		if (now == PEER_SILENT)
			peer_tell(t, EVENT_PEER_SILENT, peer);
		return;
	}
	if (now != PEER_OK) {
		*back_us = 0;
		return;
	}
	if (*back_us == 0)
		*back_us = t->now_us;
	if (passed(t, *back_us, PEER_BACK_US, &deadline_us))
		peer_tell(t, EVENT_PEER_BACK, peer);
	plan_wake(t, deadline_us);
}

void peers_watch(struct tick *t)
{
	for (uint8_t peer = 0; peer < PEER_COUNT; peer++)
		peer_watch(t, peer);
}

void lacks_tell(struct tick *t)
{
	uint32_t news = t->snap->lacks & ~t->state->lacks_told;

	for (uint8_t bit = 0; news && bit < LACK_COUNT; bit++)
		if (news & BIT(bit))
			plan_tell(t, EVENT_LACK, SERVICE_NONE, 0)->subject = bit;
	t->state->lacks_told |= news;
}
