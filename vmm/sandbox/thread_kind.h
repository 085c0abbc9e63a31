/* SPDX-License-Identifier: MIT */
#ifndef TENON_SANDBOX_THREAD_KIND_H
#define TENON_SANDBOX_THREAD_KIND_H

/** enum sandbox_thread - the kinds of threads that a guest's process has */
enum sandbox_thread {
	SANDBOX_MAIN, /* the loop, and all that is done at a guest's end */
	SANDBOX_VCPU,
	SANDBOX_SIGNALS, /* waits for signals */
	SANDBOX_WORKER,	 /* brings a device */
	SANDBOX_THREADS,
};

/** sandbox_thread_name() - for people: "vCPU threads"; accepts any number */
const char *sandbox_thread_name(unsigned kind);

#endif
