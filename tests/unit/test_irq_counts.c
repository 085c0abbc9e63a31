/* SPDX-License-Identifier: MIT */
/*
 * What enabling N vectors costs in calls: linear with a small constant, whichever way a guest goes about it, and one
 * commit of routes a batch.
 */
#include "msix_guest.h"

#include <stdlib.h>

static const unsigned sizes[] = {1, 32, 256, 2048};

struct cost {
	unsigned calls;	  /* all of them */
	unsigned set;	  /* SET_IRQS */
	unsigned vectors; /* handed over in them */
	unsigned routes;
	unsigned commits;
	unsigned eventfds;
	unsigned connects;
	unsigned writes; /* of eventfds */
};

static struct cost cost_since(const struct check *c, unsigned mark)
{
	struct cost cost = {
		.calls = model_mark(c->model) - mark,
		.set = model_calls(c->model, mark, "SET_IRQS"),
		.routes = model_calls(c->model, mark, "vector_route"),
		.commits = model_calls(c->model, mark, "vectors_commit"),
		.connects = model_calls(c->model, mark, "vector_connect"),
		.writes = model_calls(c->model, mark, "write "),
	};

	for (unsigned i = mark; i < model_mark(c->model); i++) {
		const char *text = strstr(model_call_text(c->model, i), "count=");

		cost.vectors += text ? (unsigned)atoi(text + strlen("count=")) : 0;
		cost.eventfds +=
			!strncmp(model_call_text(c->model, i), "eventfd", strlen("eventfd"));
	}
	return cost;
}

static void up_with(struct check *c, unsigned vectors, bool noresize)
{
	struct model_pci pci = many();

	model_config_put(&pci, CONTROL, 2, vectors - 1);
	pci.noresize = noresize;
	up(c, &pci);
}

/* All that was enabled delivers. */
static void check_all(struct check *c, unsigned vectors)
{
	cr_assert_eq(pt_function_stats(c->function).msix_vectors, vectors);
	for (unsigned i = 0; i < vectors; i++) {
		unsigned before = delivered(c, i);

		model_raise(c->host, i);
		cr_assert_eq(delivered(c, i), before + 1, "vector %u", i);
	}
	cr_assert_eq(c->guest->reports, 0, "%s", c->guest->report.message);
}

/* Everything prepared under the function mask, which is then taken away. */
static void all_at_once(struct check *c, unsigned vectors)
{
	control(c, ENABLE | FUNCTION_MASK);
	for (unsigned i = 0; i < vectors; i++) {
		program(c, i);
		mask(c, i, false);
	}
	control(c, ENABLE);
}

/* As Linux: enabled with the function mask and every entry masked; then each is programmed, when its handler comes. */
static void one_by_one(struct check *c, unsigned vectors)
{
	control(c, ENABLE | FUNCTION_MASK);
	for (unsigned i = 0; i < vectors; i++)
		mask(c, i, true);
	control(c, ENABLE);
	for (unsigned i = 0; i < vectors; i++) {
		program(c, i);
		mask(c, i, false);
	}
}

/* What enabling @vectors in that way costs a guest that has none yet; all of them deliver then. */
static struct cost cost_of(void (*enable)(struct check *c, unsigned vectors), unsigned vectors,
			   bool noresize)
{
	struct check c;
	struct cost cost;
	unsigned mark;

	up_with(&c, vectors, noresize);
	mark = model_mark(c.model);
	enable(&c, vectors);
	cost = cost_since(&c, mark);
	check_all(&c, vectors);
	check_down(&c);
	return cost;
}

Test(irq_counts, all_at_once)
{
	for (unsigned k = 0; k < 8; k++) {
		unsigned n = sizes[k / 2];
		struct cost cost = cost_of(all_at_once, n, k % 2);

		cr_assert_eq(cost.routes, n);
		cr_assert_eq(cost.commits, 1, "%u commits for %u vectors", cost.commits, n);
		cr_assert_eq(cost.eventfds, n);
		cr_assert_eq(cost.connects, n);
		cr_assert_leq(cost.set, 4, "%u SET_IRQS for %u vectors", cost.set, n);
		cr_assert_leq(cost.vectors, n + 2);
		cr_assert_leq(cost.calls, 4 * n + 24, "%u calls for %u vectors", cost.calls, n);
	}
}

Test(irq_counts, one_by_one)
{
	for (unsigned k = 0; k < 4; k++) {
		unsigned n = sizes[k];
		struct cost cost = cost_of(one_by_one, n, false);

		cr_assert_eq(cost.routes, n);
		cr_assert_eq(cost.commits, n, "each is a batch of its own");
		cr_assert_leq(cost.set, n + 3);
		cr_assert_leq(cost.vectors, n + 2, "none is handed over again");
		cr_assert_leq(cost.calls, 6 * n + 32, "%u calls for %u vectors", cost.calls, n);
	}
}

/* Each time the host's index is too small it is made twice as big, so all in all each vector is handed over a few times. */
Test(irq_counts, one_by_one_where_the_kernel_cannot_add)
{
	for (unsigned k = 0; k < 4; k++) {
		unsigned n = sizes[k];
		struct cost cost = cost_of(one_by_one, n, true);

		cr_assert_eq(cost.commits, n);
		cr_assert_eq(cost.eventfds, n);
		cr_assert_eq(cost.connects, n);
		cr_assert_leq(cost.set, n + 2 * 11 + 4, "%u SET_IRQS for %u vectors", cost.set, n);
		cr_assert_leq(cost.vectors, 4 * n + 4, "%u handed over for %u", cost.vectors, n);
		cr_assert_leq(cost.writes, 2 * n, "%u signalled for %u", cost.writes, n);
		cr_assert_leq(cost.calls, 8 * n + 80, "%u calls for %u vectors", cost.calls, n);
	}
}

/* What the host does not have is asked for once, and said once. */
Test(irq_counts, one_by_one_with_fewer_than_the_guest_uses)
{
	struct check c;
	struct cost cost;
	unsigned mark;

	up_with(&c, 256, true);
	c.host->grant = 8;
	mark = model_mark(c.model);
	one_by_one(&c, 256);
	cost = cost_since(&c, mark);
	cr_assert_leq(cost.set, 24, "%u SET_IRQS", cost.set);
	cr_assert_eq(c.guest->reports, 1, "%u reports", c.guest->reports);
	for (unsigned i = 0; i < 8; i++) {
		unsigned before = delivered(&c, i);

		model_raise(c.host, i);
		cr_assert_eq(delivered(&c, i), before + 1, "vector %u", i);
	}
	c.host->grant = 0;
	control(&c, 0);
	control(&c, ENABLE);
	model_raise(c.host, 255);
	cr_assert_eq(delivered(&c, 255), 1, "enabled anew, it asks anew");
	check_down(&c);
}

/* A guest that masks and unmasks at every interrupt makes no call to VFIO. */
Test(irq_counts, masking_costs_two_calls)
{
	struct cost cost;
	struct check c;
	unsigned mark;

	up_with(&c, 256, false);
	all_at_once(&c, 256);
	mark = model_mark(c.model);
	for (unsigned i = 0; i < 256; i++) {
		mask(&c, i, true);
		mask(&c, i, false);
	}
	cost = cost_since(&c, mark);
	cr_assert_eq(cost.set, 0);
	cr_assert_eq(cost.commits, 0);
	cr_assert_leq(cost.calls, 2 * 256);
	check_down(&c);
}

Test(irq_counts, disabling)
{
	for (unsigned k = 0; k < 4; k++) {
		unsigned n = sizes[k];
		struct check c;
		struct cost cost;
		unsigned mark;

		up_with(&c, n, false);
		all_at_once(&c, n);
		mark = model_mark(c.model);
		control(&c, 0);
		cost = cost_since(&c, mark);
		cr_assert_eq(cost.set, 1, "%u SET_IRQS to disable %u vectors", cost.set, n);
		cr_assert_eq(cost.commits, 1);
		cr_assert_leq(cost.calls, 3 * n + 8, "%u calls for %u vectors", cost.calls, n);
		check_down(&c);
	}
}

/* What a config-space write that has nothing to do with interrupts costs with all of them enabled. */
Test(irq_counts, other_writes_cost_one_call)
{
	struct check c;
	unsigned mark;

	up_with(&c, 2048, false);
	all_at_once(&c, 2048);
	mark = model_mark(c.model);
	cfg_write(&c, 0x0c, 1, 0x10);
	cr_assert_eq(model_mark(c.model), mark + 1);
	check_down(&c);
}
