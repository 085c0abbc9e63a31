/* SPDX-License-Identifier: MIT */
/*
 * A config space from a fuzzer's input: a row of pieces, each a capability that is linked behind the last one of its
 * list, or bytes anywhere, which can break all that the pieces before have built.
 */
#ifndef FUZZ_CONFIG_INPUT_H
#define FUZZ_CONFIG_INPUT_H

#include "input.h"
#include "model.h"

/* Takes pieces until one of them says that it is the last. @pci's own config space is what they are put upon. */
void config_input(struct input *input, struct model_pci *pci);

#endif
