/* SPDX-License-Identifier: MIT */
/*
 * How much memory may still be pinned, as the kernel counts it.
 *
 * RLIMIT_MEMLOCK is one number that is held against different sums. iommufd adds up what all
 * processes of the user have pinned, io_uring included (user_struct::locked_vm), or, after
 * IOMMU_OPTION_RLIMIT_MODE, what this process has locked, like type1 (mm_struct::locked_vm, which
 * /proc shows as VmLck). A process that holds CAP_IPC_LOCK is counted in neither. Source:
 * drivers/iommu/iommufd/pages.c, Documentation/filesystems/proc.rst.
 *
 * The user's sum is shown nowhere; what each process has pinned (VmPin) is. Of that, what was
 * counted for the process itself is in VmLck too, and left out. So the sum here is never more than
 * the kernel's: what is refused here, the kernel would refuse.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "internal.h"

/* Source: linux/capability.h. */
#define CAP_IPC_LOCK_BIT     (1ull << 14)
#define CAP_SYS_RESOURCE_BIT (1ull << 24)

#define NO_USER UINT64_MAX

/* A process, as its /proc/PID/status has it; bytes. */
struct process {
	char name[32];
	uint64_t uid;
	uint64_t locked;
	uint64_t pinned;
	uint64_t capabilities;
};

/* Whose pages are held against the limit: see counts_process in struct pt_space. */
struct account {
	const struct pt_sys *sys;
	bool of_process;
};

/*
 * struct locked - what counts against the limit
 * @uid: whose processes are added up; NO_USER when it is not known
 * @bytes: the sum
 * @most: the largest part of it, which is @owner's
 */
struct locked {
	const struct pt_sys *sys;
	uint64_t uid;
	uint64_t bytes;
	uint64_t most;
	char owner[64];
};

static uint64_t number_after(const char *status, const char *key, int base)
{
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

static int read_process(const struct pt_sys *sys, const char *pid, struct process *ret_process)
{
	char path[64], status[4096];
	struct process process = {.uid = NO_USER};
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%s/status", pid);
	r = pt_read_file(sys, path, status, sizeof(status));
	if (r < 0)
		return r;
	(void)sscanf(status, "Name:\t%31[^\n]", process.name);
	if (strstr(status, "\nUid:"))
		process.uid = number_after(status, "\nUid:", 10);
	process.locked = number_after(status, "\nVmLck:", 10) * 1024;
	process.pinned = number_after(status, "\nVmPin:", 10) * 1024;
	process.capabilities = number_after(status, "\nCapEff:", 16);
	*ret_process = process;
	return 0;
}

/* One process of the user's; one that ended meanwhile counts nothing. */
static int add_process(void *arg, const char *pid)
{
	struct locked *locked = arg;
	struct process process;
	uint64_t bytes;

	if (!isdigit((unsigned char)*pid) || read_process(locked->sys, pid, &process) < 0)
		return 0;
	if (process.uid != locked->uid || process.capabilities & CAP_IPC_LOCK_BIT ||
	    process.pinned <= process.locked)
		return 0;
	bytes = process.pinned - process.locked;
	locked->bytes += bytes;
	if (bytes > locked->most) {
		locked->most = bytes;
		(void)snprintf(locked->owner, sizeof(locked->owner), "%s (pid %s)", process.name,
			       pid);
	}
	return 0;
}

static struct locked look(const struct account *account)
{
	const struct pt_sys *sys = account->sys;
	struct locked locked = {.sys = sys, .uid = NO_USER};
	struct process self;

	if (read_process(sys, "self", &self) < 0)
		return locked;
	locked.uid = self.uid;
	if (account->of_process)
		locked.bytes = self.locked;
	else if (self.uid != NO_USER)
		(void)sys->list(sys->ctx, "/proc", add_process, &locked);
	return locked;
}

/* "this process", or "all processes of user 1000". */
static const char *counted_for(bool of_process, uint64_t uid, char *buf, size_t size)
{
	if (of_process)
		return "this process";
	if (uid == NO_USER)
		return "all processes of this user";
	(void)snprintf(buf, size, "all processes of user %" PRIu64, uid);
	return buf;
}

/* In KiB, as ulimit takes it; rounded up. */
static int remedy(uint64_t bytes, struct pt_error *err)
{
	return pt_error_remedy(err, -ENOMEM,
			       "run as root; or raise the limit: ulimit -l %" PRIu64
			       " in the shell, LimitMEMLOCK=infinity in a systemd unit",
			       bytes / 1024 + (bytes % 1024 != 0));
}

static int check_limit(const struct account *account, uint64_t bytes, struct pt_error *err)
{
	uint64_t limit = account->sys->memlock(account->sys->ctx);
	char whose[64], owner[128] = "";
	struct locked locked;
	uint64_t sum;

	if (limit == UINT64_MAX)
		return 0;
	locked = look(account);
	if (pt_add_overflow(locked.bytes, bytes, &sum))
		sum = UINT64_MAX;
	if (sum <= limit)
		return 0;
	if (locked.most > 0)
		(void)snprintf(owner, sizeof(owner), ", %" PRIu64 " KiB of it by %s",
			       locked.most / 1024, locked.owner);
	pt_error_set(err, -ENOMEM,
		     "%" PRIu64 " KiB of memory to be pinned for devices: the limit "
		     "(RLIMIT_MEMLOCK) is %" PRIu64 " KiB for %s, of which %" PRIu64
		     " KiB are in use%s",
		     bytes / 1024, limit / 1024,
		     counted_for(account->of_process, locked.uid, whose, sizeof(whose)),
		     locked.bytes / 1024, owner);
	return remedy(sum, err);
}

PT_PUBLIC int pt_space_check_limit(struct pt_space *space, uint64_t bytes, struct pt_error *err)
{
	const struct account account = {space->sys, space->counts_process};

	return check_limit(&account, bytes, err);
}

/* What the backends set counts_process to: RLIMIT_MODE needs CAP_SYS_RESOURCE. */
PT_PUBLIC int pt_host_check_limit(const struct pt_sys *sys, enum pt_backend_kind backend,
				  uint64_t bytes, struct pt_error *err)
{
	struct account account = {sys, backend == PT_BACKEND_GROUP};
	struct process self;

	if (!account.of_process && read_process(sys, "self", &self) == 0)
		account.of_process = self.capabilities & CAP_SYS_RESOURCE_BIT;
	return check_limit(&account, bytes, err);
}

int pt_memlock_explain(struct pt_space *space, uint64_t bytes, struct pt_error *err)
{
	uint64_t limit = space->sys->memlock(space->sys->ctx);

	if (pt_space_check_limit(space, bytes, err) < 0)
		return -ENOMEM;
	pt_error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	if (limit == UINT64_MAX)
		return pt_error_remedy(err, -ENOMEM,
				       "free memory on the host, or give the guest less");
	/* Not all that counts is in /proc: buffers of io_uring, other PID namespaces. */
	return pt_error_remedy(err, -ENOMEM,
			       "free memory on the host; or raise RLIMIT_MEMLOCK, which is %" PRIu64
			       " KiB for %s, with `ulimit -l` or LimitMEMLOCK=",
			       limit / 1024, counted_for(space->counts_process, NO_USER, NULL, 0));
}
