/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the options that are not a setting as they are; qemu_options.c says which option is whose.
 */
#ifndef TENON_QEMU_QEMU_SETTERS_H
#define TENON_QEMU_QEMU_SETTERS_H

#include "qemu/qemu_options.h"

/* Of the guest as a whole: qemu_machine.c */
qemu_set_fn qemu_set_machine;
qemu_set_fn qemu_set_memory;
qemu_set_fn qemu_set_memory_backend;
qemu_set_fn qemu_set_maxcpus;
qemu_set_fn qemu_set_cpu_feature;
qemu_set_fn qemu_set_paused;
qemu_set_fn qemu_set_stays;
qemu_set_fn qemu_set_no_reboot;
qemu_set_fn qemu_set_monitor;
qemu_set_fn qemu_set_qmp;
qemu_set_fn qemu_set_pidfile;
qemu_set_fn qemu_set_daemonize;
qemu_set_fn qemu_set_prealloc;
qemu_set_fn qemu_set_hugepage_size;
qemu_set_fn qemu_set_mem_path;
qemu_set_fn qemu_set_host_nodes;

/* Of its NUMA nodes: qemu_numa.c */
qemu_set_fn qemu_add_node;
qemu_set_fn qemu_add_distance;

/* Of devices: qemu_devices.c */
qemu_set_fn qemu_keep;	   /* another option names it */
qemu_set_fn qemu_add;	   /* the item's device, which is complete */
qemu_set_fn qemu_add_port; /* a root port */
qemu_set_fn qemu_set_bus;
qemu_set_fn qemu_set_addr;
qemu_set_fn qemu_set_iommufd;
qemu_set_fn qemu_set_space_fd;
qemu_set_fn qemu_set_fd;
qemu_set_fn qemu_set_rombar;
qemu_set_fn qemu_set_drive;
qemu_set_fn qemu_set_netdev;
qemu_set_fn qemu_set_vsock_fd;
qemu_set_fn qemu_set_rng;

/* Of serial lines, consoles and channels: qemu_serial.c */
qemu_set_fn qemu_set_serial;
qemu_set_fn qemu_set_chardev;
qemu_set_fn qemu_add_console; /* a console or a channel, a port of a controller */

#endif
