/* SPDX-License-Identifier: MIT */
/*
 * What the VMM and its keeper say to each other: messages of a SOCK_SEQPACKET socket, each of one size. Both ends are the same
 * program; the keeper believes nothing of what a message says.
 */
#ifndef TENON_SANDBOX_KEEPER_WIRE_H
#define TENON_SANDBOX_KEEPER_WIRE_H

#include <passthrough/error.h>
#include <passthrough/host.h>
#include <passthrough/sys.h>
#include <stdbool.h>
#include <stdint.h>

#define KEEPER_BYTES 8192 /* of an answer */

enum keeper_what {
	KEEPER_OPEN,
	KEEPER_READLINK,
	KEEPER_REALPATH,
	KEEPER_LIST,
	KEEPER_STAT,
	KEEPER_REMOVE_LATER, /* the file is to go when the VMM does; no answer; not after KEEPER_CLOSED */
	KEEPER_CLOSED,	     /* the sandbox is; no answer */
	KEEPER_LEFT,	     /* the device of this name; no answer */
	KEEPER_GIVE_BACK, /* the devices; then the keeper ends */
	KEEPER_VIOLATION, /* a system call that the sandbox stopped; no answer */
};

/** struct keeper_violation - what thread @tid tried; @kind is an enum sandbox_thread */
struct keeper_violation {
	uint32_t kind;
	uint32_t arch;
	int32_t call;
	uint32_t command; /* the second argument, which of ioctl(2) says what it is */
	int32_t tid;
};

/** struct keeper_request - @flags: of open(2) */
struct keeper_request {
	uint32_t what;
	int32_t flags;
	union {
		char path[PT_PATH_SIZE];
		struct keeper_violation violation;
	};
};

/**
 * struct keeper_answer - @result: of the operation; a descriptor is in the message itself
 * @more: of a list, another message follows
 * @size: of @bytes; names of a list end with a zero byte each
 */
struct keeper_answer {
	int32_t result;
	uint32_t more;
	uint32_t size;
	union {
		char bytes[KEEPER_BYTES];
		struct pt_stat stat;
		struct pt_error error;
	};
};

#endif
