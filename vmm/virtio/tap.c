/* SPDX-License-Identifier: MIT */
#include "virtio/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"

static int refused(const char *name, bool several, int code, struct pt_error *err)
{
	(void)pt_error_set(err, code, "network device %s: %s", name, strerror(-code));
	switch (code) {
	case -EBUSY:
		return pt_error_remedy(err, code,
				       "somebody else has it in use: give each guest its own");
	case -EPERM:
		return pt_error_remedy(
			err, code,
			"make it this user's: ip tuntap del %s mode tap%s; ip tuntap add %s mode tap%s user $USER",
			name, several ? " multi_queue" : "", name, several ? " multi_queue" : "");
	case -EINVAL:
		return pt_error_remedy(
			err, code,
			"it must be a tap device %s several queues: ip tuntap add %s mode tap%s",
			several ? "with" : "without", name, several ? " multi_queue" : "");
	default:
		return code;
	}
}

static bool is_there(const struct pt_sys *sys, const char *name)
{
	char path[32 + IFNAMSIZ];
	struct pt_stat device;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	return *name && !sys->stat(sys->ctx, path, &device);
}

static int open_node(const struct pt_sys *sys, const char *name, bool several, int *ret_fd,
		     struct pt_error *err)
{
	struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
						     (several ? IFF_MULTI_QUEUE : 0))};
	CLEANUP_CLOSE int fd = -1;

	/* One that is not there would be made, and would be gone with us: not what somebody wants who names it. */
	if (strlen(name) >= IFNAMSIZ || !is_there(sys, name))
		return pt_error_remedy(
			err, pt_error_set(err, -ENODEV, "network device %s: there is none", name),
			"make it: ip tuntap add %s mode tap%s; ip link set %s up", name,
			several ? " multi_queue" : "", name);
	fd = sys->open(sys->ctx, "/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return pt_error_remedy(err,
				       pt_error_set(err, fd, "/dev/net/tun: %s", strerror(-fd)),
				       "load the module tun: modprobe tun");
	memcpy(request.ifr_name, name, strlen(name));
	if (ioctl(fd, TUNSETIFF, &request))
		return refused(name, several, -errno, err);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int set_header(int fd, const char *name, bool several, struct pt_error *err)
{
	int size = TAP_HEADER_SIZE;

	if (ioctl(fd, TUNSETVNETHDRSZ, &size))
		return refused(name, several, -errno, err);
	tap_offload(fd, 0);
	return 0;
}

int tap_take(int fd, const char *name, struct pt_error *err)
{
	struct ifreq request = {0};

	if (ioctl(fd, TUNGETIFF, &request) || !(request.ifr_flags & IFF_TAP) ||
	    !(request.ifr_flags & IFF_VNET_HDR))
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "network device %s: no tap device with virtio's header", name),
			"open it with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR");
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return set_header(fd, name, false, err);
}

/* What was handed in may be used by others too: a descriptor of our own. */
static int take_number(const char *name, int *ret_fd, struct pt_error *err)
{
	CLEANUP_CLOSE int fd = fcntl((int)strtol(name + 3, NULL, 10), F_DUPFD_CLOEXEC, 3);
	int r;

	if (fd < 0)
		return pt_error_set(err, -errno, "network device %s: %m", name);
	r = tap_take(fd, name, err);
	if (r)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int tap_open(const struct pt_sys *sys, const char *name, bool several, int *ret_fd,
	     struct pt_error *err)
{
	CLEANUP_CLOSE int fd = -1;
	int r;

	if (strncmp(name, "fd:", 3) == 0)
		return take_number(name, ret_fd, err);
	r = open_node(sys, name, several, &fd, err);
	if (!r)
		r = set_header(fd, name, several, err);
	if (r)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void tap_offload(int fd, uint64_t features)
{
	static const struct {
		unsigned feature;
		unsigned offload;
	} pairs[] = {
		{VIRTIO_NET_F_GUEST_CSUM, TUN_F_CSUM},
		{VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4},
		{VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6},
		{VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN},
	};
	unsigned long offload = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		offload |= features >> pairs[i].feature & 1 ? pairs[i].offload : 0;
	(void)ioctl(fd, TUNSETOFFLOAD, offload);
}

void tap_attach(int fd, bool attached)
{
	struct ifreq request = {.ifr_flags = attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE};

	(void)ioctl(fd, TUNSETQUEUE, &request);
}
