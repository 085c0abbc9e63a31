/* SPDX-License-Identifier: MIT */
/*
 * struct host_facts: what the plan needs to know of this host, read without changing anything.
 *
 * KVM's answers come from /dev/kvm, the functions' from sysfs, those of mediated devices from the devices, which are bound
 * for that moment.
 */
#ifndef TENON_HOST_HOST_FACTS_H
#define TENON_HOST_HOST_FACTS_H

#include <passthrough/host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu_list.h"
#include "host/hugepages.h"
#include "host/numa_node.h"
#include "kvm/cpu_feature.h"

#define HOST_RESERVED_MAX 32
#define HOST_NODES_MAX	  16 /* that a guest's memory is divided among */

/**
 * struct device_request - what the config asks for that the facts depend on
 * @fd: open descriptor of its node; 0 when the node is to be opened
 * @to_be_taken: it will be taken from its driver, so that it is no matter which it has now
 * @to_be_made: it stands for virtual functions of it, of which nothing is known before they are there
 */
struct device_request {
	const char *name;
	int fd;
	int unsafe_noiommu;
	bool to_be_taken;
	bool to_be_made;
};

/**
 * struct device_facts - a function to pass through
 * @name: as the config wrote it
 * @fd: as in struct device_request
 * @unreadable: why nothing is known of it, and nothing below counts: there is no such device, or it is named twice; code 0
 *	where all is well
 * @refused: the first thing that is in the way of it; code 0 for none
 * @host: its name at least where it is named twice
 * @iova_bits: width of its IOMMU, 0 when the kernel does not say
 * @reserved: what its IOMMU keeps for itself
 * @rom_file_size: bytes of the expansion ROM that the config gives it as a file, see rom_files_measure()
 */
struct device_facts {
	const char *name;
	int fd;
	struct pt_error unreadable;
	struct pt_error refused;
	struct pt_host_device host;
	struct pt_host_details details;
	unsigned iova_bits;
	struct pt_iova_range reserved[HOST_RESERVED_MAX];
	size_t reserved_count;
	uint64_t rom_file_size;
};

/**
 * struct host_facts - the host
 * @kvm_error: why KVM does not answer, and @guest_phys_bits and @max_cpus are 0; code 0 where it does
 * @guest_phys_bits: physical address width that KVM gives a guest (CPUID 0x80000008)
 * @max_cpus: KVM_CAP_MAX_VCPUS
 * @max_cpu_ids: KVM_CAP_MAX_VCPU_ID: APIC ids are below
 * @cpu_has: by index in cpu_features[]: whether KVM can give it to a guest
 * @memory_total, @memory_available: bytes, from /proc/meminfo
 * @memlock: bytes this process may lock, UINT64_MAX for no limit
 * @backend: how the devices are had, which is the same for all of them
 * @space_fd: open descriptor of what the devices are attached to, see handed_space(); 0 when it is to be opened
 * @hugepages: the pools of huge pages
 * @node: the NUMA node that the config asks for, if it does; the caller's to fill in
 * @nodes: those that the guest's nodes are to come from, where the config says it; the caller's to fill in
 * @cpus: of the host, that are online; none where the kernel does not say
 * @devices: in the config's order
 */
struct host_facts {
	struct pt_error kvm_error;
	unsigned guest_phys_bits;
	unsigned max_cpus;
	unsigned max_cpu_ids;
	bool cpu_has[CPU_FEATURES];
	uint64_t memory_total;
	uint64_t memory_available;
	uint64_t memlock;
	enum pt_backend_kind backend;
	int space_fd;
	struct hugepages hugepages[HUGEPAGES_SIZES];
	struct numa_node node;
	struct numa_node nodes[HOST_NODES_MAX];
	struct cpu_list cpus;
	struct device_facts *devices;
	size_t device_count;
};

/**
 * host_facts_look() - look at the host
 * @sys: the kernel seam for sysfs; /dev/kvm is opened through it too
 * @requests: @count devices, as in the config; their names are kept by reference
 * @backend: how devices are to be had; NULL to choose: by cdevs if each has one, else by groups
 *
 * What is missing or in the way is a fact too, see kvm_error, unreadable and refused. Errors: -ENOMEM; a /proc/meminfo that
 * is none. Inverse: host_facts_done().
 */
int host_facts_look(const struct pt_sys *sys, const struct device_request *requests, size_t count,
		    const enum pt_backend_kind *backend, struct host_facts *ret_facts,
		    struct pt_error *err);

/** host_facts_done() - accepts one that was only zeroed */
void host_facts_done(struct host_facts *facts);

#endif
