/* SPDX-License-Identifier: MIT */
/* The rules, by the file that they are in, and what they share. See check.h. */
#ifndef TENON_CHECK_RULES_H
#define TENON_CHECK_RULES_H

#include "check/check.h"
#include "plan/plan.h"

#define SYSFS_PCI "/sys/bus/pci/devices/"

/* kvm.c */
void check_kvm(struct check_run *check);
void check_ring(struct check_run *check);

/* iommu.c */
void check_iommu(struct check_run *check);
void check_interrupts(struct check_run *check);

/* access.c */
void check_shared_nodes(struct check_run *check);
void check_device_nodes(struct check_run *check, const struct device_facts *device);

/* holders.c */
void check_holders(struct check_run *check);

/* Whether a shell takes the name as it stands: a process, or a profile, is called what somebody likes. */
bool check_is_typed_safely(const char *name);

/* The remedy of @finding: a command that ends the process for certain, and what is better. */
void check_how_to_end(const struct check_run *check, const struct pt_holder *holder,
		      struct finding *finding);

/* "@kind @name: @holder has it in use", its evidence, and that remedy. */
void check_in_use(const struct check_run *check, const char *kind, const char *name,
		  const struct pt_holder *holder, struct finding *finding);

/* obstacles.c */
void check_obstacles(struct check_run *check, const struct device_facts *device);

/* device.c */
void check_answers(struct check_run *check, const struct device_facts *device);
void check_addresses(struct check_run *check, const struct device_facts *device);
void check_power(struct check_run *check, const struct device_facts *device);
void check_link(struct check_run *check, const struct device_facts *device);
void check_errors(struct check_run *check, const struct device_facts *device);
void check_reset(struct check_run *check, const struct device_facts *device);
void check_display(struct check_run *check, const struct device_facts *device);

/* sriov.c */
void check_physical_function(struct check_run *check, const struct device_facts *device);
void check_virtual_function(struct check_run *check, const struct device_facts *device);

/* taken.c */
void check_libvirt(struct check_run *check);
void check_to_be_taken(struct check_run *check, const struct device_facts *device);
void check_vfs_to_be_made(struct check_run *check, const struct device_facts *device);

/* backends.c */
void check_networks(struct check_run *check);
void check_vsock(struct check_run *check);
void check_places(struct check_run *check);

/* guest.c */
void check_boot_files(struct check_run *check);
void check_roms(struct check_run *check);
void check_memory(struct check_run *check);
void check_memlock(struct check_run *check);
void check_hugepages(struct check_run *check);
void check_plan(struct check_run *check);

/* group.c */
void check_group_memory(struct check_run *check);
void check_group_cpus(struct check_run *check, const struct vm_plan *plan);
void check_group_nodes(struct check_run *check, const struct vm_plan *plan);

/* disks.c */
void check_disks(struct check_run *check);
void check_images(struct check_run *check, const struct vm_plan *plan);

/* access.c: whether the user may open @path; where not, a finding about @subject is added. */
void check_node(struct check_run *check, const char *subject, const char *path);

static inline bool check_is_root(const struct check_run *check)
{
	return check->user->uid == 0;
}

/* Whether the device is one that an IOMMU is to stand before. */
static inline bool check_translates(const struct device_facts *device)
{
	return !device->host.mediated && !device->host.noiommu;
}

/* guest.c: whether all of the guest's memory is pinned, since devices' DMA can reach any page at any time. */
bool check_pins_memory(const struct check_run *check);

/* A device of @check by its canonical name; NULL for none. */
const struct device_facts *check_find(const struct check_run *check, const char *name);

/* The config's device of these facts. */
const struct vm_config_device *check_config_of(const struct check_run *check,
					       const struct device_facts *device);

/* Whether a launch takes it from its driver: what stands in the way of a device that stays where it is does not then. */
bool check_is_to_be_taken(const struct check_run *check, const struct device_facts *device);

/* A small text file without the white space at its end. Return: whether it could be read; else @buf is empty. */
bool check_read(const struct check_run *check, const char *path, char *buf, size_t size);

/* The same of a PCI function; @ret_path may be NULL. */
bool check_read_of(const struct check_run *check, const char *bdf, const char *file, char *buf,
		   size_t size, char ret_path[PT_PATH_SIZE]);

/* Whether this host is a virtual machine itself. */
bool check_is_virtual(const struct check_run *check);

/* Whether the kernel is that version or a newer one. */
bool check_kernel_is(const struct check_run *check, unsigned major, unsigned minor);

/* Whether there is something at @path. */
bool check_exists(const struct check_run *check, const char *path);

/* Remedies @finding by a word on the kernel's command line, at the next boot. */
void check_boot_with(const struct check_run *check, struct finding *finding, const char *word);

#endif
