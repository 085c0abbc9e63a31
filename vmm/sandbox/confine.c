/* SPDX-License-Identifier: MIT */
#include "sandbox/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "report.h"

/* A directory that every system has; what is in it is covered in the namespace of this process alone. */
#define COVERED "/proc"

static int read_capabilities(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3],
			     struct pt_error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	if (syscall(SYS_capget, &header, data) < 0)
		return pt_error_set(err, -errno, "reading capabilities: %m");
	return 0;
}

static bool has(const struct __user_cap_data_struct *data, unsigned capability)
{
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

static int refused(const char *what, struct pt_error *err)
{
	int ret = pt_error_set(err, -errno, "%s: %m", what);

	return pt_error_remedy(err, ret, "--sandbox off runs the guest without a sandbox");
}

/* A root that is no mount point, as an initramfs', cannot be exchanged, and is left behind. */
static int change_root(struct pt_error *err)
{
	if (chdir(COVERED) < 0)
		return refused("an empty root directory", err);
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return refused("leaving the host's root directory", err);
	} else if (errno != EINVAL || chroot(".") < 0) {
		return refused("an empty root directory", err);
	}
	return chdir("/") < 0 ? refused("an empty root directory", err) : 0;
}

/* Nothing that is mounted here is seen elsewhere. */
static int leave_propagation(struct pt_error *err)
{
	int ret;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return refused("an empty root directory", err);
	ret = pt_error_set(err, -EINVAL,
			   "an empty root directory: the root here is no mount point");
	return pt_error_remedy(
		err, ret,
		"before chroot DIR type: mount --rbind DIR DIR; or --sandbox off runs "
		"the guest without a sandbox");
}

int confine_namespaces(struct pt_error *err)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	int ret = read_capabilities(data, err);

	if (ret < 0 || !has(data, CAP_SYS_ADMIN))
		return ret;
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return refused("namespaces of its own", err);
	ret = leave_propagation(err);
	if (ret < 0)
		return ret;
	if (mount("tenon", COVERED, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		  "mode=0555,size=4k") < 0)
		return refused("an empty root directory", err);
	return change_root(err);
}

int confine_capabilities(bool rawio, bool tap, struct pt_error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	const struct {
		unsigned capability;
		bool kept;
	} list[] = {{CAP_IPC_LOCK, true}, {CAP_SYS_RAWIO, rawio}, {CAP_NET_ADMIN, tap}};
	int ret = read_capabilities(data, err);

	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t mask = 0;

		for (unsigned j = 0; j < sizeof(list) / sizeof(list[0]); j++) {
			if (list[j].kept && CAP_TO_INDEX(list[j].capability) == i)
				mask |= CAP_TO_MASK(list[j].capability);
		}
		data[i].effective &= mask;
		data[i].permitted &= mask;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? refused("dropping capabilities", err) : 0;
}

/*
 * Of linux/landlock.h, as of its sixth version; older headers have less. Sizes and bits by version are in
 * Documentation/userspace-api/landlock.rst. What is handled and allowed by no rule is forbidden, and there are no rules.
 */
struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
};

static const struct {
	size_t size;
	struct ruleset all;
} versions[] = {
	{8, {.files = 0x1fff}},
	{8, {.files = 0x3fff}},
	{8, {.files = 0x7fff}},
	{16, {.files = 0x7fff, .network = 0x3}},
	{16, {.files = 0xffff, .network = 0x3}},
	{24, {.files = 0xffff, .network = 0x3, .scoped = 0x3}},
};

#define ASK_VERSION 1u

int confine_files(struct pt_error *err)
{
	const long count = sizeof(versions) / sizeof(versions[0]);
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	CLEANUP_CLOSE int fd = -1;

	if (version < 1) {
		report_note(
			stderr,
			"note: the kernel has no Landlock: the sandbox forbids the guest's process "
			"files by system calls and its root directory only");
		return 0;
	}
	version = version > count ? count : version;
	fd = (int)syscall(SYS_landlock_create_ruleset, &versions[version - 1].all,
			  versions[version - 1].size, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return refused("Landlock", err);
	return 0;
}
