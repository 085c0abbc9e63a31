/* SPDX-License-Identifier: MIT */
/* What the tests of the library assert more than once. */
#ifndef CHECK_H
#define CHECK_H

#include "guest.h"
#include "model.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The call failed with @code, and its message has @part in it. */
#define check_error(result, code_, err, part)                                              \
	do {                                                                               \
		int check_result = (result);                                               \
		cr_assert_eq(check_result, (code_), "%s: got %d (%s), not %s", #result,    \
			     check_result, (err).message, #code_);                         \
		cr_assert_eq((err).code, (code_), "%s: its error has code %d", #result,    \
			     (err).code);                                                  \
		cr_assert(strstr((err).message, (part)), "%s: \"%s\" does not say \"%s\"", \
			  #result, (err).message, (part));                                 \
		cr_assert(!strchr((err).message, '\n') && !strchr((err).remedy, '\n'));    \
	} while (0)

#define check_remedy(err, part)                                                                    \
	cr_assert(strstr((err).remedy, (part)), "remedy \"%s\" does not say \"%s\"", (err).remedy, \
		  (part))

#define check_ok(result, err)                                                                      \
	do {                                                                                       \
		int check_result = (result);                                                       \
		cr_assert_eq(check_result, 0, "%s: %d, %s", #result, check_result, (err).message); \
	} while (0)

/* Nothing is left and nothing forbidden was done. */
static inline void check_clean(struct model *model)
{
	char text[1024];
	unsigned leaks = model_leaks(model, text, sizeof(text));

	if (leaks || model_violation(model))
		model_print_calls(model, 0);
	cr_assert_null(model_violation(model), "%s", model_violation(model));
	cr_assert_eq(leaks, 0, "left: %s", text);
}

/*
 * A device with its guest, made in the order that device.h gives. check_down() undoes it all, asserts that nothing is
 * left, and frees the model.
 */
struct check {
	struct model *model;
	const struct pt_sys *sys;
	struct model_device *host;
	struct pt_space *space;
	struct pt_device *device;
	struct pt_function *function;
	struct guest *guest;
	struct pt_error err;
};

/* Places the BARs one after another from 1 TiB, I/O BARs from 0x1000, each aligned to its size. */
static inline struct pt_function_setup check_setup(const struct model_pci *pci)
{
	struct pt_function_setup setup = {.root_bus = 0};
	uint64_t low = 0xc0000000, high = 1ull << 40, io = 0x1000;

	for (unsigned i = 0; i < PT_BARS; i++) {
		const struct model_bar *bar = &pci->bars[i];
		uint64_t *next = bar->io ? &io : bar->is_64bit ? &high : &low;

		if (bar->size == 0)
			continue;
		*next = (*next + bar->size - 1) & ~(bar->size - 1);
		setup.bar_address[i] = *next;
		*next += bar->size;
	}
	return setup;
}

/* A host with one function, opened and attached to a space. */
static inline void check_attach(struct check *check, const struct model_pci *pci)
{
	memset(check, 0, sizeof(*check));
	check->model = model_new();
	check->sys = model_sys(check->model);
	check->host = model_add(check->model, pci);
	check_ok(pt_space_open(check->sys, NULL, &check->space, &check->err), check->err);
	check_ok(pt_device_open(check->space, pci->bdf, NULL, &check->device, &check->err),
		 check->err);
	check_ok(pt_device_attach(check->device, &check->err), check->err);
}

static inline void check_create(struct check *check)
{
	struct pt_function_setup setup = check_setup(&check->host->pci);

	check->guest = guest_new(check->model);
	check_ok(pt_function_create(check->device, &setup, &guest_ops, check->guest,
				    &check->function, &check->err),
		 check->err);
}

/* The same with a function that the guest may use. */
static inline void check_up(struct check *check, const struct model_pci *pci)
{
	check_attach(check, pci);
	check_create(check);
	check_ok(pt_function_start(check->function, &check->err), check->err);
}

static inline void check_down(struct check *check)
{
	pt_function_destroy(check->function);
	if (check->guest)
		cr_assert_eq(guest_left(check->guest), 0, "the guest has %u things left",
			     guest_left(check->guest));
	pt_device_close(check->device);
	pt_space_close(check->space);
	check_clean(check->model);
	model_free(check->model);
}

/* Config space as the guest sees it. */

static inline uint32_t cfg_read(const struct check *check, unsigned at, unsigned size)
{
	return pt_function_config_read(check->function, at, size);
}

static inline void cfg_write(const struct check *check, unsigned at, unsigned size, uint32_t value)
{
	pt_function_config_write(check->function, at, size, value);
}

#define CFG_COMMAND 0x04
#define CFG_BAR(i)  (0x10 + 4 * (i))
#define CFG_CAPS    0x34
#define COMMAND_IO  0x0001u
#define COMMAND_MEM 0x0002u
#define COMMAND_BM  0x0004u

/* The guest's capability of this id, 0 when it is shown none. */
static inline unsigned cfg_find(const struct check *check, unsigned id)
{
	unsigned at = cfg_read(check, CFG_CAPS, 1);

	for (unsigned i = 0; at >= 0x40 && i < 64; i++) {
		if (cfg_read(check, at, 1) == id)
			return at;
		at = cfg_read(check, at + 1, 1);
	}
	return 0;
}

static inline unsigned cfg_find_ext(const struct check *check, unsigned id)
{
	unsigned at = 0x100;

	for (unsigned i = 0; at >= 0x100 && i < 1024; i++) {
		uint32_t header = cfg_read(check, at, 4);

		if (header == 0)
			return 0;
		if ((header & 0xffff) == id)
			return at;
		at = header >> 20;
	}
	return 0;
}

static inline uint64_t bar_read(const struct check *check, unsigned bar, uint64_t at, size_t size)
{
	uint64_t value = 0;

	pt_function_bar_read(check->function, bar, at, &value, size);
	return value;
}

static inline void bar_write(const struct check *check, unsigned bar, uint64_t at, size_t size,
			     uint64_t value)
{
	pt_function_bar_write(check->function, bar, at, &value, size);
}

#endif
