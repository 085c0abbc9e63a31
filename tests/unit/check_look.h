/* SPDX-License-Identifier: MIT */
/*
 * The preflight looks at a recorded host, or at one on which all is well but for what a test says.
 */
#ifndef TESTS_CHECK_LOOK_H
#define TESTS_CHECK_LOOK_H

#include <errno.h>
#include <linux/kvm.h>
#include <linux/vhost.h>
#include <stdlib.h>

#include "check.h"
#include "check/check.h"
#include "check/check_print.h"
#include "golden.h"

#define MIB (UINT64_C(1) << 20)

static unsigned phys_bits = 48;
static int max_cpus = 8;
static uint64_t taken_cids = 2; /* guests have those up to it */

/* The modelled kernel, with a KVM that answers what is asked of it before a guest is made. */
static inline int with_kvm(void *ctx, int fd, unsigned long request, void *arg)
{
	struct model *model = ctx;
	struct kvm_cpuid2 *cpuid = arg;

	if (request == VHOST_VSOCK_SET_GUEST_CID)
		return *(const uint64_t *)arg <= taken_cids ? -EADDRINUSE : 0;
	if (request == KVM_CHECK_EXTENSION)
		return max_cpus;
	if (request != KVM_GET_SUPPORTED_CPUID)
		return model_sys(model)->ioctl(ctx, fd, request, arg);
	cpuid->nent = 1;
	cpuid->entries[0] =
		(struct kvm_cpuid_entry2){.function = 0x80000008, .eax = 0x3000 | phys_bits};
	return 0;
}

static const struct check_user root = {0, "root", {0}, 1};
static const struct check_user alice = {1000, "alice", {1000}, 1};

/* One look: a host, a guest, and what was found. */
struct look {
	struct model *model;
	struct vm_config config;
	const struct check_user *user;
	enum check_scope scope;
	int (*ask_libvirt)(const char *uri, const char *name, unsigned limit, struct pt_error *err);
	int (*try_ring)(struct pt_error *err);
	struct findings findings;
};

static inline struct look on_host(const char *name)
{
	struct look look = {.model = model_new(), .user = &root, .scope = CHECK_DEVICES};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/hosts/%s", TEST_DATA_DIR, name);
	model_load_host(look.model, path);
	vm_config_init(&look.config);
	return look;
}

static inline void add_device(struct look *look, const char *name)
{
	struct vm_config *config = &look->config;

	config->devices =
		realloc(config->devices, (config->device_count + 1) * sizeof(*config->devices));
	config->devices[config->device_count++] = (struct vm_config_device){.name = strdup(name)};
}

/* Programs go by the names, so that each is in the manual page. */
static inline void check_documented(const struct findings *findings)
{
	char *page = calloc(1, 65536), item[64];
	FILE *file = fopen(TEST_DATA_DIR "/../../docs/tenon-check.1", "re");

	cr_assert(page && file);
	cr_assert_gt(fread(page, 1, 65535, file), 0);
	(void)fclose(file);
	for (size_t i = 0; i < findings->count; i++) {
		(void)snprintf(item, sizeof(item), "\n.It Cm %s\n", findings->list[i]->id);
		cr_assert(strstr(page, item), "tenon-check(1) has no %s", findings->list[i]->id);
	}
	free(page);
}

static inline void check_now(struct look *look)
{
	const enum pt_backend_kind group = PT_BACKEND_GROUP, cdev = PT_BACKEND_CDEV;
	const enum pt_backend_kind *backend = look->config.backend == BACKEND_GROUP  ? &group
					      : look->config.backend == BACKEND_CDEV ? &cdev
										     : NULL;
	struct device_request requests[VM_DEVICES_MAX];
	struct pt_sys sys = *model_sys(look->model);
	struct pt_error err = PT_ERROR_INIT;
	struct host_facts facts = {0};
	struct check_run check = {&sys,	       &look->config,	  look->user,
				  look->scope, look->ask_libvirt, look->try_ring,
				  &facts,      &look->findings};

	sys.ioctl = with_kvm;
	findings_done(&look->findings);
	for (size_t i = 0; i < look->config.device_count; i++)
		requests[i] = (struct device_request){
			.name = look->config.devices[i].name,
			.unsafe_noiommu = look->config.devices[i].unsafe_noiommu,
			.to_be_taken = look->config.devices[i].managed,
			.to_be_made = look->config.devices[i].vfs > 0,
		};
	check_ok(host_facts_look(&sys, requests, look->config.device_count, backend, &facts, &err),
		 err);
	if (look->config.has_numa_node)
		facts.node = numa_node_read(&sys, look->config.numa_node);
	check_ok(check_host(&check, &err), err);
	host_facts_done(&facts);
	check_clean(look->model);
	check_documented(&look->findings);
}

static inline void done(struct look *look)
{
	findings_done(&look->findings);
	vm_config_done(&look->config);
	model_free(look->model);
}

/* What is found is what the file says. */
static inline void compare(struct look *look, const char *name)
{
	char *text = NULL, file[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	check_now(look);
	check_print(&look->findings, out);
	(void)fclose(out);
	(void)snprintf(file, sizeof(file), "check/%s.txt", name);
	golden_compare(file, text);
	free(text);
	done(look);
}

/* The first finding of a rule; NULL when it found nothing. */
static inline const struct finding *found(const struct look *look, const char *id)
{
	for (size_t i = 0; i < look->findings.count; i++) {
		if (strcmp(look->findings.list[i]->id, id) == 0)
			return look->findings.list[i];
	}
	return NULL;
}

#define check_found(look, id_, severity_, part)                                                 \
	do {                                                                                    \
		const struct finding *check_finding = found(look, id_);                         \
		cr_assert(check_finding, "%s: nothing", id_);                                   \
		cr_assert_eq(check_finding->severity, severity_);                               \
		cr_assert(strstr(check_finding->what, part), "%s", check_finding->what);        \
		cr_assert(check_finding->why && * check_finding->why);                          \
		cr_assert(check_finding->command_count || check_finding->hint[0], "no remedy"); \
	} while (0)

/* A host on which all is well, and what can be wrong with it. */
static inline struct look good_host(void)
{
	struct look look = on_host("sriov-server");

	model_put_file(look.model, "/proc/meminfo",
		       "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n");
	model_process_memory(look.model, 4242, "test", 1000, 0, 0, false);
	look.scope = CHECK_GUEST;
	add_device(&look, "3b:01.0");
	look.config.kernel = strdup("/dev/null");
	return look;
}

#endif
