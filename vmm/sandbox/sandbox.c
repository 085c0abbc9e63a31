/* SPDX-License-Identifier: MIT */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <sys/prctl.h>

#include "sandbox/confine.h"
#include "sandbox/violation.h"

#ifdef __has_feature
#define SANITIZED_BY_CLANG __has_feature(address_sanitizer)
#else
#define SANITIZED_BY_CLANG 0
#endif

const char *sandbox_unusable(void)
{
#if defined(__SANITIZE_ADDRESS__) || SANITIZED_BY_CLANG
	return "no sandbox: this tenon is built with sanitizers, which need system calls of their own";
#else
	return NULL;
#endif
}

static int no_new_privileges(struct pt_error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return 0;
	return pt_error_set(err, -errno,
			    "the kernel does not promise that there are no new privileges: %m");
}

/* Namespaces take a capability, and Landlock lets nothing be mounted: so the order. */
static int confine(bool rawio, bool tap, struct pt_error *err)
{
	int ret = confine_namespaces(err);

	if (ret == 0)
		ret = confine_capabilities(rawio, tap, err);
	if (ret == 0)
		ret = no_new_privileges(err);
	return ret < 0 ? ret : confine_files(err);
}

int sandbox_close(struct sandbox *sandbox, struct keeper *keeper, bool rawio, bool tap,
		  struct pt_error *err)
{
	int ret = 0;

	sandbox->keeper = keeper;
	for (unsigned kind = 0; kind < SANDBOX_THREADS && ret == 0; kind++)
		ret = sandbox_filter_make(&sandbox->filters[kind], kind, err);
	if (ret == 0)
		ret = violation_catch(keeper, err);
	if (ret == 0)
		ret = confine(rawio, tap, err);
	if (ret < 0)
		return pt_error_prefix(err, ret, "sandbox");
	keeper_close_door(keeper);
	return 0;
}

int sandbox_thread(const struct sandbox *sandbox, enum sandbox_thread kind, struct pt_error *err)
{
	if (!sandbox)
		return 0;
	violation_thread(kind);
	return sandbox_filter_load(&sandbox->filters[kind], err);
}

void sandbox_done(struct sandbox *sandbox)
{
	for (unsigned kind = 0; kind < SANDBOX_THREADS; kind++)
		sandbox_filter_done(&sandbox->filters[kind]);
}
