/* SPDX-License-Identifier: MIT */
/*
 * A function on the modelled kernel with its fake guest, for fuzzers to drive, and what must hold of it at any time:
 *
 *   - the model and the fake guest have seen nothing that a caller must never do;
 *   - the guest has a BAR only while the device decodes it, where its register says, congruent with the host's mapping;
 *   - INTx, MSI and MSI-X are never in use two at once, and the guest has what the function says is connected;
 *   - when it is all over, nothing is left.
 */
#ifndef FUZZ_RIG_H
#define FUZZ_RIG_H

#include "guest.h"
#include "input.h"
#include "model.h"

struct rig {
	struct model *model;
	struct model_device *host;
	struct guest *guest;
	struct pt_space *space;
	struct pt_device *device;
	struct pt_function *function;
	struct pt_error err;
};

/* As fuzz_require(), and shows every call that led to it. */
#define rig_require(rig, condition, ...)                        \
	do {                                                    \
		if (!(condition)) {                             \
			model_print_calls((rig)->model, 0);     \
			fuzz_require((condition), __VA_ARGS__); \
		}                                               \
	} while (0)

/* A host with the one function @pci. Inverse: rig_down(), also after a failed rig_up(). */
void rig_new(struct rig *rig, const struct model_pci *pci);

/* Space, device, function, start. Return: 0, or what the first of them that failed said. */
int rig_up(struct rig *rig, const struct pt_function_setup *setup);

/* What must hold between any two calls; aborts when it does not. */
void rig_check(const struct rig *rig);

/* Takes it all down; aborts when something is left. */
void rig_down(struct rig *rig);

/* BARs one after another, each aligned to its size, as firmware would. */
struct pt_function_setup rig_setup(const struct model_pci *pci);

#endif
