/* SPDX-License-Identifier: MIT */
#include "sandbox/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "sandbox/calls.h"

static void cleanup_context(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int add(scmp_filter_ctx context, const struct sandbox_call *call)
{
	const uint32_t action =
		call->error ? SCMP_ACT_ERRNO((uint32_t)call->error) : SCMP_ACT_ALLOW;
	const int number = seccomp_syscall_resolve_name(call->name);

	if (number < 0)
		return -EINVAL;
	if (!call->compare)
		return seccomp_rule_add(context, action, number, 0);
	return seccomp_rule_add(
		context, action, number, 1,
		SCMP_CMP(call->argument, SCMP_CMP_MASKED_EQ, call->mask, call->value));
}

/* The calls of a guest that runs are found first. */
static void rank(scmp_filter_ctx context)
{
	static const char *const first[] = {"ioctl", "io_uring_enter", "futex", "read", "write"};
	uint8_t rank = UINT8_MAX;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		(void)seccomp_syscall_priority(context, seccomp_syscall_resolve_name(first[i]),
					       rank--);
}

/* Threads that bring a device are made by the main thread: its filter holds for them as well as their own. */
static unsigned threads_of(enum sandbox_thread kind)
{
	return 1u << kind | (kind == SANDBOX_MAIN ? 1u << SANDBOX_WORKER : 0);
}

static int add_all(scmp_filter_ctx context, enum sandbox_thread kind, struct pt_error *err)
{
	const unsigned threads = threads_of(kind);

	for (size_t i = 0; i < sandbox_call_count; i++) {
		const struct sandbox_call *call = &sandbox_calls[i];
		int ret = call->threads & threads ? add(context, call) : 0;

		if (ret < 0)
			return pt_error_set(err, ret, "the sandbox's row %s%s%s: %s", call->name,
					    call->what ? " " : "", call->what ? call->what : "",
					    strerror(-ret));
	}
	rank(context);
	return 0;
}

/* libseccomp writes a program to a descriptor only. */
static int export(scmp_filter_ctx context, struct sandbox_filter *filter, struct pt_error *err)
{
	CLEANUP_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
	int ret = fd < 0 ? -errno : seccomp_export_bpf(context, fd);
	off_t size = ret < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (ret == 0 && (size <= 0 || size / (off_t)sizeof(*filter->code) > BPF_MAXINSNS))
		ret = -E2BIG;
	if (ret < 0)
		return pt_error_set(err, ret, "the sandbox's filter: %s", strerror(-ret));
	filter->code = malloc((size_t)size);
	if (!filter->code || pread(fd, filter->code, (size_t)size, 0) != size)
		return pt_error_set(err, -ENOMEM, "the sandbox's filter: out of memory");
	filter->count = (unsigned short)((size_t)size / sizeof(*filter->code));
	return 0;
}

int sandbox_filter_make(struct sandbox_filter *filter, enum sandbox_thread kind,
			struct pt_error *err)
{
	CLEANUP(cleanup_context) scmp_filter_ctx context = seccomp_init(SCMP_ACT_TRAP);
	int ret;

	if (!context)
		return pt_error_set(err, -ENOMEM, "the sandbox's filter: out of memory");
	/* Another architecture's numbers, such as those of 32-bit programs. */
	(void)seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRAP);
	ret = add_all(context, kind, err);
	return ret < 0 ? ret : export(context, filter, err);
}

int sandbox_filter_load(const struct sandbox_filter *filter, struct pt_error *err)
{
	const struct sock_fprog program = {.len = filter->count, .filter = filter->code};
	int ret;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	ret = pt_error_set(err, -errno, "the kernel takes no filter of system calls: %m");
	return pt_error_remedy(
		err, ret,
		"run a kernel with CONFIG_SECCOMP_FILTER; --sandbox off runs the guest without "
		"a sandbox");
}

void sandbox_filter_done(struct sandbox_filter *filter)
{
	free(filter->code);
	*filter = (struct sandbox_filter){.code = NULL};
}
