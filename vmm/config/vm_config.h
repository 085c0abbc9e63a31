/* SPDX-License-Identifier: MIT */
/*
 * struct vm_config: what a person asked for. Inert: strings and numbers, no I/O, nothing about the host.
 *
 * The YAML file and the command line both fill it in; the command line is applied last and wins. Every string is owned by
 * the config and freed by vm_config_done().
 */
#ifndef TENON_CONFIG_VM_CONFIG_H
#define TENON_CONFIG_VM_CONFIG_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu_list.h"
#include "kvm/cpu_feature.h"

enum serial_kind {
	SERIAL_STDIO,
	SERIAL_FILE,
	SERIAL_PTY,
	SERIAL_NONE,
};

/** enum vm_device_error - what becomes of the guest when a device of it reports an error */
enum vm_device_error {
	VM_DEVICE_ERROR_REPORT,
	VM_DEVICE_ERROR_STOP,
	VM_DEVICE_ERROR_REMOVE,
};

/** enum vm_host_request - what becomes of the guest when the host wants a device of it back */
enum vm_host_request {
	VM_HOST_REQUEST_UNPLUG,
	VM_HOST_REQUEST_STOP,
	VM_HOST_REQUEST_IGNORE,
};

/** enum vm_reboot - what becomes of a guest that restarts */
enum vm_reboot {
	VM_REBOOT_RESTART,
	VM_REBOOT_STOP,
};

/** enum vm_panic - what becomes of the guest when its kernel panics */
enum vm_panic {
	VM_PANIC_STOP,
	VM_PANIC_RESET,
	VM_PANIC_REPORT,
	VM_PANIC_PAUSE,
};

/** enum backend_choice - how the kernel is asked for devices; BACKEND_AUTO: as the host offers them */
enum backend_choice {
	BACKEND_AUTO,
	BACKEND_CDEV,
	BACKEND_GROUP,
};

/** enum p2p_mode - whether devices reach each other's BARs by DMA */
enum p2p_mode {
	P2P_AUTO, /* where the kernel and the IOMMU can */
	P2P_ON,	  /* and a device whose IOMMU cannot reach every place of a BAR is refused */
	P2P_OFF,
};

/** enum vm_config_rom - what the guest finds as the device's expansion ROM */
enum vm_config_rom {
	VM_ROM_DEVICE,
	VM_ROM_FILE,
	VM_ROM_OFF,
};

/** enum vm_sandbox - whether the guest's process is kept from all that it does not need */
enum vm_sandbox {
	VM_SANDBOX_ON,
	VM_SANDBOX_OFF,
};

#define VM_SLOT_MAX	31
#define VM_FUNCTION_MAX 7
#define VM_CLIQUE_MAX	15

/**
 * struct vm_config_device - one device to pass through
 * @name: BDF, UUID, sysfs path, /dev/vfio/devices/vfioN, or "fd=" and what @fd would be, as it was written
 * @id: what it is called while the guest runs; NULL when not given
 * @fd: number of an open descriptor, or the name that a service manager gave it; NULL when the node is to be opened
 * @vf_token: a UUID; NULL when not given
 * @unsafe_noiommu: it may be had without an IOMMU, and then without its DMA
 */
struct vm_config_device {
	char *name;
	char *id;
	char *fd;
	char *vf_token;
	int unsafe_noiommu;
	bool managed;  /* it is taken from its driver for the guest, and given back after it */
	unsigned vfs;  /* the guest gets so many virtual functions of it, made for it; 0: itself */
	unsigned slot; /* 1 to VM_SLOT_MAX; 0 for the next that is free */
	unsigned function; /* 0 to VM_FUNCTION_MAX, of @slot */
	unsigned layer;	   /* that it is of, see vm_config_next_layer() */
	enum vm_config_rom rom;
	char *rom_file; /* for VM_ROM_FILE */
	bool has_gpudirect_clique;
	unsigned gpudirect_clique; /* 0 to VM_CLIQUE_MAX */
	bool low_power;		   /* while the guest has it in D3hot */
};

/**
 * struct vm_config_port - where the root port of a slot is, if not in the place of the slot's number on bus 0
 * @slot: 1 to VM_SLOT_MAX; one that no device is in is empty at first
 * @place, @function: on bus 0
 */
struct vm_config_port {
	char id[64];
	unsigned slot;
	unsigned place;
	unsigned function;
};

#define VM_DISK_SERIAL_MAX 20

/**
 * struct vm_config_disk - a disk
 * @serial: NULL when not given
 * @direct: past the host's page cache
 */
struct vm_config_disk {
	char *path;
	char *id;
	unsigned slot;
	unsigned layer;
	bool readonly;
	bool direct;
	char *serial;
};

#define VM_NET_QUEUES_MAX 16

/** enum vm_vhost - whether the kernel's vhost-net moves the frames */
enum vm_vhost {
	VM_VHOST_AUTO,
	VM_VHOST_ON,
	VM_VHOST_OFF,
};

/**
 * struct vm_config_net - a network card
 * @tap: a tap device's name, or fd:N
 * @mtu: 0 when not given
 * @queues: pairs of them; 0 when not given
 * @fds, @vhost_fds: open descriptors, one for each of @queues; 0 when they are to be opened
 */
struct vm_config_net {
	char *tap;
	char *id;
	unsigned slot;
	unsigned layer;
	bool has_mac;
	unsigned char mac[6];
	unsigned mtu;
	unsigned queues;
	enum vm_vhost vhost;
	int fds[VM_NET_QUEUES_MAX];
	int vhost_fds[VM_NET_QUEUES_MAX];
};

#define VM_CHANNEL_NAME_SIZE	64 /* with the terminator */
#define VM_CONTROLLER_PORTS_MAX 31

/** enum vm_console_where - where a console or a channel ends on the host */
enum vm_console_where {
	VM_CONSOLE_PTY,
	VM_CONSOLE_STDIO,
	VM_CONSOLE_SOCKET,
	VM_CONSOLE_FILE,
	VM_CONSOLE_NONE,
};

/**
 * struct vm_config_console - a console, or a channel
 * @name: a channel's; NULL for none
 * @path: of a UNIX socket or a file, else NULL
 * @fd: open descriptor of a socket that listens, 0: none
 * @controller: id of the controller whose port it is, @number: which; NULL: it is a device of its own
 * @label: what the control socket calls its end, NULL: as the device
 */
struct vm_config_console {
	bool channel;
	char *name;
	enum vm_console_where where;
	char *path;
	int fd;
	char *controller;
	unsigned number;
	char *label;
	char *id;
	unsigned slot;
	unsigned layer;
};

/** struct vm_config_controller - a device whose ports are consoles and channels; @ports: how many there can be, 0: not said */
struct vm_config_controller {
	char *id;
	unsigned slot;
	unsigned ports;
};

enum vm_backend {
	VM_BACKEND_FILE,
	VM_BACKEND_FORMAT,
	VM_BACKEND_TAP,
	VM_BACKEND_RNG,
	VM_BACKEND_IOMMUFD,
};

/**
 * struct vm_config_backend - what something of the host that a device uses is called by whoever starts the guest, and will speak
 *	of it so by the control socket
 * @device: the device's id; NULL for none in particular
 * @path: a file's, else NULL
 * @below: name of the file that a format is on, else NULL
 */
struct vm_config_backend {
	enum vm_backend kind;
	char *name;
	char *device;
	char *path;
	char *below;
	bool readonly;
	bool direct;
};

/** struct vm_config_vsock - sockets to the host; @cid: the guest's address, VM_CID_MIN or more; @fd: open descriptor of the host's end, 0: none */
struct vm_config_vsock {
	unsigned cid;
	int fd;
	char *id;
	unsigned slot;
	unsigned layer;
};

#define VM_CID_MIN 3 /* those below are the host's and nobody's: vsock(7) */

enum vm_rng_source {
	VM_RNG_HOST,
};

/** struct vm_config_rng - a source of random numbers */
struct vm_config_rng {
	enum vm_rng_source source;
	char *id;
	unsigned slot;
	unsigned layer;
};

#define VM_NODES_MAX 16

/**
 * struct vm_config_node - a NUMA node of the guest
 * @distances: to the first @distance_count nodes
 */
struct vm_config_node {
	uint64_t memory;
	struct cpu_list cpus;
	bool has_host_node;
	unsigned host_node;
	unsigned char distances[VM_NODES_MAX];
	unsigned distance_count;
	unsigned layer;
};

#define VM_PIN_SIZE 8192 /* with the terminator */
/** struct vm_config_balloon - a memory balloon, never inflated */
struct vm_config_balloon {
	char *id;
	unsigned slot;
};

#define VM_CPUS_MAX	1024 /* of KVM, as it is usually built */
#define VM_DEVICES_MAX	31
#define VM_NODE_MAX	1023 /* MAX_NUMNODES of the largest kernels */
#define VM_PREFAULT_MAX 256
#define VM_NAME_SIZE	64   /* with the terminator */
#define VM_FD_SIZE	256  /* with the terminator: systemd's limit of a descriptor's name */
#define VM_CMDLINE_SIZE 2048 /* with the terminator */
#define VM_FOLDERS_SIZE 4096 /* with the terminator */

/**
 * struct vm_config - one guest
 * @name, @cmdline: NULL when not given; the plan has defaults for them
 * @cpus: 0 for as many as the next three make
 * @sockets, @cores of each, @threads of each of those: 0 when not given
 * @cpu_features: by index in cpu_features[]: 1 it is to be there, -1 it is not, 0 as the host has it
 * @pin: which of the host's CPUs run which of the guest's: what set_pin() takes; NULL when not given
 * @emulator_cpus: those that run all else; none for any
 * @memory: bytes
 * @nodes: that the guest divides into; none without
 * @hugepages: bytes of a page to back memory with, 0 for ordinary ones
 * @numa_node: of the host, that memory comes from; any without @has_numa_node
 * @prefault_threads: that make memory present before the guest runs; 0 for none
 * @kernel, @initrd: NULL when not given
 * @serial_path: for SERIAL_FILE
 * @libvirt: URI of the libvirt that manages the host's devices, NULL for none
 * @control: where the control socket is to be, NULL for its usual place; @control_off: nowhere
 * @iommufd: "fd=" and a descriptor of /dev/iommu, or of /dev/vfio/vfio for groups; NULL when it is to be opened
 * @hotplug_slots: slots that are empty at first
 * @flat: slots are places on bus 0 themselves, and no root ports
 * @ports: whose place was said
 * @reserve_32bit, @reserve_64bit: bytes of address space that each of them has for a device's BARs
 * @unplug_limit: seconds that the guest has to let go of a device
 * @stop_limit: seconds that the guest has to power off
 * @paused: no vCPU runs until it is resumed
 * @stays: a guest that powered off is there until it is told to end
 * @serial_label: what the control socket calls the serial line, NULL for serial0
 * @hotplug_files: folders, separated by ':', of files that come while the guest runs; NULL for none
 * @layer: counts what was put on top of each other: files, and then options
 * @devices: those to pass through
 */
struct vm_config {
	char *name;
	unsigned cpus;
	unsigned sockets;
	unsigned cores;
	unsigned threads;
	signed char cpu_features[CPU_FEATURES];
	char *pin;
	struct cpu_list emulator_cpus;
	uint64_t memory;
	struct vm_config_node nodes[VM_NODES_MAX];
	size_t node_count;
	uint64_t hugepages;
	bool has_numa_node;
	unsigned numa_node;
	unsigned prefault_threads;
	char *kernel;
	char *initrd;
	char *cmdline;
	enum serial_kind serial;
	char *serial_path;
	char *control;
	bool control_off;
	unsigned hotplug_slots;
	bool flat;
	struct vm_config_port ports[VM_SLOT_MAX];
	unsigned port_count;
	uint64_t reserve_32bit;
	uint64_t reserve_64bit;
	unsigned unplug_limit;
	enum vm_device_error on_device_error;
	enum vm_host_request on_host_request;
	unsigned stop_limit;
	enum vm_reboot on_reboot;
	enum vm_panic on_panic;
	enum backend_choice backend;
	enum p2p_mode p2p;
	char *libvirt;
	char *iommufd;
	bool paused;
	bool stays;
	char *serial_label;
	enum vm_sandbox sandbox;
	char *hotplug_files;
	unsigned layer;
	struct vm_config_device *devices;
	size_t device_count;
	struct vm_config_disk *disks;
	size_t disk_count;
	struct vm_config_net *nets;
	size_t net_count;
	bool has_rng;
	struct vm_config_rng rng;
	struct vm_config_console *consoles;
	size_t console_count;
	struct vm_config_controller *controllers;
	size_t controller_count;
	struct vm_config_backend *backends;
	size_t backend_count;
	bool has_vsock;
	struct vm_config_vsock vsock;
	bool has_balloon;
	struct vm_config_balloon balloon;
};

/** vm_config_init() - the defaults: 1 vCPU, 512 MiB, serial on stdio, 30 s to unplug, 60 s to power off. Inverse: vm_config_done(). */
void vm_config_init(struct vm_config *config);

/** vm_config_done() - free what it owns; accepts one that was only zeroed */
void vm_config_done(struct vm_config *config);

/**
 * vm_config_next_layer() - what is said from here on goes on top of what was said so far
 *
 * A device that was named before can be named again now, and is taken as it is said last; within a layer it is named once.
 */
void vm_config_next_layer(struct vm_config *config);

/** vm_config_slots() - how many slots its devices take */
size_t vm_config_slots(const struct vm_config *config);

/** vm_config_room() - is there room for another device, of whatever kind? Errors: -E2BIG. */
int vm_config_room(const struct vm_config *config, struct pt_error *err);

/**
 * vm_config_multiply_device() - device number @index stands for @count functions: it becomes so many, which are what is said of it
 *
 * Their @managed and @vfs are said no more. Errors: -EINVAL its slot or its id is for one; -E2BIG; -ENOMEM.
 */
int vm_config_multiply_device(struct vm_config *config, size_t index, unsigned count,
			      struct pt_error *err);

/** vm_config_rename_device() - it is called @name. Errors: -ENOMEM. */
int vm_config_rename_device(struct vm_config_device *device, const char *name,
			    struct pt_error *err);

/** vm_config_device_done() - free what it owns; accepts one that was only zeroed */
void vm_config_device_done(struct vm_config_device *device);

/** vm_config_add_backend() - a copy of @backend, whose texts stay the caller's. Errors: -ENOMEM. */
int vm_config_add_backend(struct vm_config *config, const struct vm_config_backend *backend,
			  struct pt_error *err);

/** vm_config_disk_done(), vm_config_net_done(), vm_config_console_done(), vm_config_rng_done(), vm_config_vsock_done() - likewise */
void vm_config_console_done(struct vm_config_console *console);
void vm_config_controller_done(struct vm_config_controller *controller);
void vm_config_disk_done(struct vm_config_disk *disk);
void vm_config_net_done(struct vm_config_net *net);
void vm_config_rng_done(struct vm_config_rng *rng);
void vm_config_vsock_done(struct vm_config_vsock *vsock);
void vm_config_balloon_done(struct vm_config_balloon *balloon);

#endif
