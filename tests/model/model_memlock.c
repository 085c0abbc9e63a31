/* SPDX-License-Identifier: MIT */
/*
 * RLIMIT_MEMLOCK: held against what the user's processes have pinned, or what the process has locked.
 *
 * VmPin in a process's status counts every page that iommufd pinned, VmLck those that were counted for it alone, which
 * is what a container does.
 */
#include "model_private.h"

#include <errno.h>
#include <stdio.h>

#define CAPABILITIES_OF_ROOT 0x1ffffffffffull
#define CAP_IPC_LOCK_BIT     (1ull << 14)
#define CAP_SYS_RESOURCE_BIT (1ull << 24)

static void put_status(struct model *model, const char *pid, const char *comm, unsigned uid,
		       uint64_t locked, uint64_t pinned, uint64_t capabilities)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	snprintf(text, sizeof(text),
		 "Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t%u\t%u\t%u\t%u\n"
		 "VmPeak:\t  999999 kB\nVmLck:\t%8llu kB\nVmPin:\t%8llu kB\nVmRSS:\t    1234 kB\n"
		 "CapInh:\t0000000000000000\nCapEff:\t%016llx\n",
		 comm, uid, uid, uid, uid, (unsigned long long)(locked / 1024),
		 (unsigned long long)(pinned / 1024), (unsigned long long)capabilities);
	model_put_file(model, path, text);
}

void model_show_memory(struct model *model)
{
	uint64_t capabilities = model->host.no_sys_resource ? 0 : CAP_SYS_RESOURCE_BIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%u", MODEL_PID);
	put_status(model, pid, "test", 1000, model->mm_pinned, model->pinned, capabilities);
	put_status(model, "self", "test", 1000, model->mm_pinned, model->pinned, capabilities);
}

void model_process_memory(struct model *model, unsigned pid, const char *comm, unsigned uid,
			  uint64_t locked, uint64_t pinned, bool locks_all)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", pid);
	put_status(model, text, comm, uid, locked, pinned,
		   locks_all ? CAPABILITIES_OF_ROOT : CAPABILITIES_OF_ROOT & ~CAP_IPC_LOCK_BIT);
	if (uid == 1000 && !locks_all && pinned > locked)
		model->pinned_elsewhere += pinned - locked;
	model_show_memory(model);
}

int model_pin(struct model *model, uint64_t bytes, enum model_pin how)
{
	uint64_t *count = how == MODEL_PIN_USER ? &model->user_pinned : &model->mm_pinned;
	uint64_t used = *count + (how == MODEL_PIN_USER ? model->pinned_elsewhere : 0);
	uint64_t limit = model->host.memlock;

	if (bytes > limit || used > limit - bytes)
		return -ENOMEM;
	*count += bytes;
	model->pinned += how == MODEL_PIN_CONTAINER ? 0 : bytes;
	model_show_memory(model);
	return 0;
}

void model_unpin(struct model *model, uint64_t bytes, enum model_pin how)
{
	*(how == MODEL_PIN_USER ? &model->user_pinned : &model->mm_pinned) -= bytes;
	model->pinned -= how == MODEL_PIN_CONTAINER ? 0 : bytes;
	model_show_memory(model);
}
