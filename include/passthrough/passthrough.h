/* SPDX-License-Identifier: MIT */
/* Everything the library offers. */
#ifndef PASSTHROUGH_PASSTHROUGH_H
#define PASSTHROUGH_PASSTHROUGH_H

#include <passthrough/device.h>
#include <passthrough/error.h>
#include <passthrough/function.h>
#include <passthrough/host.h>
#include <passthrough/space.h>
#include <passthrough/sys.h>

#endif
