/*
 * memory_rules: which of the two rule sets holds, and what is a cushion under it; row by row.
 */
#include "guardian/memory_rules.h"
#include "world.h"

/* Above its critical 90 % the host keeps 400 MiB, a member of 1000 MiB (95 %) keeps 50. */
#define KEPT (400 * MIB)

static enum memory_rules rules(const struct world *w, enum memory_rules before)
{
	return memory_rules_now(&w->snap.host, &w->policy.host, before);
}

#define assert_rules(w, fresh, staying)                                                            \
	do {                                                                                       \
		assert_int_equal(rules(w, RULES_WITHOUT_SWAP), fresh);                             \
		assert_int_equal(rules(w, RULES_WITH_SWAP), staying);                              \
	} while (0)

#define WITHOUT RULES_WITHOUT_SWAP
#define WITH    RULES_WITH_SWAP

static void the_rules_by_what_is_free(void **state)
{
	static const struct {
		uint64_t total, used;
		enum memory_rules fresh, staying;
	} rows[] = {
		{0, 0, WITHOUT, WITHOUT},                          /* none */
		{4096 * MIB, 0, WITH, WITH},                       /* all free */
		{4096 * MIB, 3000 * MIB, WITH, WITH},              /* 73 % used */
		{4096 * MIB, 3072 * MIB, WITHOUT, WITH},           /* 75 % */
		{4096 * MIB, 3276 * MIB, WITHOUT, WITH},           /* 79.99 % */
		{4096 * MIB, 3277 * MIB, WITHOUT, WITHOUT},        /* 80 % */
		{4096 * MIB, 4096 * MIB, WITHOUT, WITHOUT},        /* full */
		{1000 * MIB, 1000 * MIB - KEPT, WITHOUT, WITH},    /* as much as critical keeps */
		{1000 * MIB, 1001 * MIB - KEPT, WITHOUT, WITHOUT}, /* less */
		{1000 * MIB, 500 * MIB, WITH, WITH},               /* 5/4 of it */
		{1000 * MIB, 501 * MIB, WITHOUT, WITH},            /* less */
		{64 * MIB, 0, WITHOUT, WITHOUT},                   /* too small from the start */
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swap_counts(w, rows[i].total, rows[i].used);
		assert_rules(w, rows[i].fresh, rows[i].staying);
	}
}

static void what_is_absent_is_no_swap(void **state)
{
	static const uint32_t needed[] = {HOST_MEMORY, HOST_SWAP, HOST_PSI_MEMORY};
	struct world *w = *state;

	swap_counts(w, 4096 * MIB, 0);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		w->snap.host.valid = (HOST_MEMORY | HOST_SWAP | HOST_PSI_MEMORY) & ~needed[i];
		assert_rules(w, WITHOUT, WITHOUT);
	}
	swap_counts(w, 4096 * MIB, 0);
	w->snap.host.swap_free_bytes++; /* more free than there is: nonsense */
	assert_rules(w, WITHOUT, WITHOUT);
}

/* Nothing is kept above 100 %; but nothing is no cushion either. */
static void a_critical_of_all(void **state)
{
	struct world *w = *state;

	w->policy.host.critical_centipct = 10000;
	swap_counts(w, 0, 0);
	assert_rules(w, WITHOUT, WITHOUT);
	swap_counts(w, 64 * MIB, 0);
	assert_rules(w, WITH, WITH);
}

/* ---- the host ---- */

static enum cushion of_host(const struct world *w, enum memory_rules in_force)
{
	return host_cushion(&w->snap, &w->policy.host, in_force);
}

/* 3900 of 4000 MiB are in use, by nobody in particular; 1 GiB of 2 is free. */
static struct world *full_host(void **state)
{
	struct world *w = *state;

	w->snap.host.mem_available_bytes = 100 * MIB;
	swap_counts(w, 2048 * MIB, 1024 * MIB);
	return w;
}

static void stalls_are_the_end_of_the_cushion(void **state)
{
	static const struct {
		uint32_t full, some;
		enum cushion cushion;
	} rows[] = {
		{0, 0, CUSHION_AMPLE},
		{249, 999, CUSHION_AMPLE},
		{250, 0, CUSHION_ENOUGH},
		{0, 1000, CUSHION_ENOUGH},
		{499, 1999, CUSHION_ENOUGH},
		{500, 0, CUSHION_NONE},
		{0, 2000, CUSHION_NONE},
	};
	struct world *w = full_host(state);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w->snap.host.psi_memory.full.avg10_centipct = rows[i].full;
		w->snap.host.psi_memory.some.avg10_centipct = rows[i].some;
		assert_int_equal(of_host(w, WITH), rows[i].cushion);
		assert_int_equal(of_host(w, WITHOUT), CUSHION_NONE);
	}
}

/* Free swap that nobody may use. */
static void what_may_not_be_swapped_needs_no_swap(void **state)
{
	struct world *w = full_host(state);
	struct member_sample *m;

	add_service(w, "db", 0, 0);
	m = add_member(w, 0, 1);
	m->valid |= MEMBER_SWAP;
	limit_put(&m->live, LIMIT_SWAP_MAX, 0);
	use_memory(w, 1, 3400 * MIB); /* 500 MiB are others' */
	assert_int_equal(of_host(w, WITH), CUSHION_AMPLE);
	use_memory(w, 1, 3401 * MIB);
	assert_int_equal(of_host(w, WITH), CUSHION_ENOUGH);
	use_memory(w, 1, 3501 * MIB);
	assert_int_equal(of_host(w, WITH), CUSHION_NONE);
	limit_put(&m->live, LIMIT_SWAP_MAX, 600 * MIB);
	assert_int_equal(of_host(w, WITH), CUSHION_AMPLE);
	m->swap_bytes = 550 * MIB; /* 50 of its own, 399 of others */
	assert_int_equal(of_host(w, WITH), CUSHION_ENOUGH);
	m->swap_bytes = 700 * MIB; /* its limit was lowered: no underflow */
	assert_int_equal(of_host(w, WITH), CUSHION_NONE);
	limit_put(&m->live, LIMIT_SWAP_MAX, NONE);
	assert_int_equal(of_host(w, WITH), CUSHION_AMPLE);
}

static void the_reserve_is_not_swapped(void **state)
{
	struct world *w = full_host(state);

	w->policy.host.reserve_bytes = 3500 * MIB;
	assert_int_equal(of_host(w, WITH), CUSHION_ENOUGH);
	w->policy.host.reserve_bytes = 3501 * MIB;
	assert_int_equal(of_host(w, WITH), CUSHION_NONE);
	w->policy.host.reserve_bytes = 5000 * MIB;
	assert_int_equal(of_host(w, WITH), CUSHION_NONE);
}

static void a_service_that_cannot_be_read_may_be_all_there_is(void **state)
{
	struct world *w = full_host(state);

	add_service(w, "db", 0, 0);
	add_member(w, 0, 1);
	assert_int_equal(of_host(w, WITH), CUSHION_AMPLE);
	member(w, 1)->valid &= ~(uint32_t)MEMBER_STAT;
	assert_int_equal(of_host(w, WITH), CUSHION_NONE);
	add_member(w, 0, 2)->valid |= MEMBER_SWAP; /* unless another has enough */
	use_memory(w, 2, 499 * MIB);
	assert_int_equal(of_host(w, WITH), CUSHION_ENOUGH);
	use_memory(w, 2, 500 * MIB);
	assert_int_equal(of_host(w, WITH), CUSHION_AMPLE);
}

static void nonsense_is_no_cushion(void **state)
{
	struct world *w = full_host(state);

	w->snap.host.mem_available_bytes = 4001 * MIB;
	assert_int_equal(of_host(w, WITH), CUSHION_NONE);
}

/* ---- a member ---- */

/* All of 1000 MiB is used, and nothing of 1000 MiB of swap. */
static struct member_sample *full_member(struct world *w)
{
	struct member_sample *m;

	add_service(w, "backend", 1000 * MIB, 0);
	m = add_member(w, 0, 1);
	m->valid |= MEMBER_SWAP | MEMBER_PSI;
	limit_put(&m->live, LIMIT_SWAP_MAX, 1000 * MIB);
	use_memory(w, 1, 1000 * MIB);
	return m;
}

static enum cushion of(struct world *w)
{
	return member_cushion(member(w, 1), service(w, 0), 1000 * MIB, WITH);
}

static void a_service_by_its_share(void **state)
{
	static const struct {
		uint64_t limit, used;
		enum cushion cushion;
	} rows[] = {
		{1000 * MIB, 0, CUSHION_AMPLE},
		{1000 * MIB, 749 * MIB, CUSHION_AMPLE},
		{1000 * MIB, 750 * MIB, CUSHION_ENOUGH},
		{1000 * MIB, 799 * MIB, CUSHION_ENOUGH},
		{1000 * MIB, 800 * MIB, CUSHION_NONE},
		{1000 * MIB, 1000 * MIB, CUSHION_NONE},
		{1000 * MIB, 1100 * MIB, CUSHION_NONE},
		{50 * MIB, 0, CUSHION_ENOUGH}, /* as much as its critical keeps */
		{63 * MIB, 0, CUSHION_AMPLE},
		{49 * MIB, 0, CUSHION_NONE},
		{0, 0, CUSHION_NONE},
		{NONE, 5000 * MIB, CUSHION_AMPLE},
	};
	struct world *w = *state;
	struct member_sample *m = full_member(w);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		limit_put(&m->live, LIMIT_SWAP_MAX, rows[i].limit);
		m->swap_bytes = rows[i].used;
		assert_int_equal(of(w), rows[i].cushion);
	}
}

static void a_service_that_has_none(void **state)
{
	struct world *w = *state;
	struct member_sample *m = full_member(w);

	assert_int_equal(of(w), CUSHION_AMPLE);
	assert_int_equal(member_cushion(m, service(w, 0), 1000 * MIB, WITHOUT), CUSHION_NONE);
	service(w, 0)->is_protected = true;
	assert_int_equal(of(w), CUSHION_NONE);
	service(w, 0)->is_protected = false;
	m->psi.full.avg10_centipct = 400;
	assert_int_equal(of(w), CUSHION_ENOUGH);
	m->psi.full.avg10_centipct = 500; /* it stands still within its own limit */
	assert_int_equal(of(w), CUSHION_NONE);
	m->psi.full.avg10_centipct = 0;
	m->anon_bytes = 40 * MIB; /* the rest is the kernel's, for it */
	m->kernel_bytes = 960 * MIB;
	assert_int_equal(of(w), CUSHION_NONE);
	m->shmem_bytes = 30 * MIB;
	assert_int_equal(of(w), CUSHION_AMPLE);
}

static void a_service_whose_swap_is_not_known(void **state)
{
	static const uint32_t needed[] = {MEMBER_SWAP, MEMBER_PSI};
	struct world *w = *state;
	struct member_sample *m = full_member(w);
	uint32_t valid = m->valid;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		m->valid = valid & ~needed[i];
		assert_int_equal(of(w), CUSHION_NONE);
	}
	m->valid = valid;
	m->live.mask &= ~K(LIMIT_SWAP_MAX);
	assert_int_equal(of(w), CUSHION_NONE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_rules_by_what_is_free),
		TEST(what_is_absent_is_no_swap),
		TEST(a_critical_of_all),
		TEST(stalls_are_the_end_of_the_cushion),
		TEST(what_may_not_be_swapped_needs_no_swap),
		TEST(the_reserve_is_not_swapped),
		TEST(a_service_that_cannot_be_read_may_be_all_there_is),
		TEST(nonsense_is_no_cushion),
		TEST(a_service_by_its_share),
		TEST(a_service_that_has_none),
		TEST(a_service_whose_swap_is_not_known),
	};

	return cmocka_run_group_tests_name("memory_rules", tests, NULL, NULL);
}
