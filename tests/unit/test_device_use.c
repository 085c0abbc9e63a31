/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "driver_rig.h"
#include "host/binding.h"
#include "host/device_use.h"

#define PLACE "/sys/devices/pci0000:00/0000:00:1c.0/"
#define ROUTE_HEADER \
	"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define TCP_HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"

static void put_block(struct driver_rig *rig, const char *place, const char *name,
		      const char *number)
{
	char path[PT_PATH_SIZE], link[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/%s/dev", place, name);
	model_put_file(rig->model, path, number);
	(void)snprintf(path, sizeof(path), "%s/%s", place, name);
	(void)snprintf(link, sizeof(link), "/sys/class/block/%s", name);
	model_put_link(rig->model, link, path);
	(void)snprintf(link, sizeof(link), "/dev/%s", name);
	model_put_file(rig->model, link, "");
}

/* A disk with a partition, and LVM on that. */
static void up(struct driver_rig *rig)
{
	rig_up(rig);
	put_block(rig, PLACE RIG_DISK "/nvme/nvme0", "nvme0n1", "259:0\n");
	put_block(rig, PLACE RIG_DISK "/nvme/nvme0/nvme0n1", "nvme0n1p2", "259:2\n");
	put_block(rig, "/sys/devices/virtual/block", "dm-0", "252:0\n");
	put_block(rig, PLACE "0000:09:00.0/nvme/nvme1", "nvme1n1", "259:7\n");
	model_put_link(rig->model, PLACE RIG_DISK "/nvme/nvme0/nvme0n1/nvme0n1p2/holders/dm-0",
		       "/sys/devices/virtual/block/dm-0");
	model_put_link(rig->model, "/dev/mapper/home", "../dm-0");
	model_put_file(rig->model, "/proc/self/mountinfo",
		       "22 1 259:7 / / rw - ext4 /dev/nvme1n1 rw\n");
	model_put_file(rig->model, "/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
}

static int disks(struct driver_rig *rig)
{
	rig->err = (struct pt_error)PT_ERROR_INIT;
	return device_use_disks(rig->host.sys, RIG_DISK, &rig->err);
}

static void mounts(struct driver_rig *rig, const char *text)
{
	model_put_file(rig->model, "/proc/self/mountinfo", text);
}

Test(device_use, a_disk_that_nothing_is_mounted_from_is_free)
{
	struct driver_rig rig;

	up(&rig);
	check_ok(disks(&rig), rig.err);
	check_ok(device_use_disks(rig.host.sys, RIG_CARD, &rig.err), rig.err);
	rig_down(&rig);
}

Test(device_use, what_is_mounted_from_a_disk_is_named)
{
	struct driver_rig rig;

	up(&rig);
	mounts(&rig, "22 1 259:7 / / rw - ext4 /dev/nvme1n1 rw\n"
		     "31 22 259:2 / /srv/data rw,relatime shared:5 - xfs /dev/nvme0n1p2 rw\n");
	check_error(disks(&rig), -EBUSY, rig.err,
		    RIG_DISK ": the host uses it: nvme0n1p2 is mounted on /srv/data");
	check_remedy(rig.err, "umount /srv/data; to take it all the same: tenon bind --force");
	mounts(&rig, "22 1 259:2 / / rw - ext4 /dev/root rw\n");
	check_error(disks(&rig), -EBUSY, rig.err, "nvme0n1p2 is mounted on /");
	cr_assert(!strstr(rig.err.remedy, "--force"), "%s", rig.err.remedy);
	/* LVM on it. */
	mounts(&rig, "22 1 252:0 / /home rw - ext4 /dev/mapper/home rw\n");
	check_error(disks(&rig), -EBUSY, rig.err, "dm-0 is mounted on /home");
	/* btrfs, which has a number of its own. */
	mounts(&rig, "22 1 0:33 / /home rw - btrfs /dev/mapper/home rw\n");
	check_error(disks(&rig), -EBUSY, rig.err, "dm-0 is mounted on /home");
	mounts(&rig, "nonsense\n\n1 2\n22 1 0:33 / /proc rw - proc proc rw\n");
	check_ok(disks(&rig), rig.err);
	rig_down(&rig);
}

Test(device_use, swap_and_claims_are_uses_too)
{
	struct driver_rig rig;

	up(&rig);
	model_put_file(rig.model, "/proc/swaps",
		       "Filename\tType\tSize\tUsed\tPriority\n"
		       "/dev/nvme0n1p2                          partition\t1\t0\t-2\n");
	check_error(disks(&rig), -EBUSY, rig.err, "nvme0n1p2 is swap");
	check_remedy(rig.err, "swapoff /dev/nvme0n1p2");
	model_remove(rig.model, "/proc/swaps");
	check_ok(disks(&rig), rig.err);
	model_refuse(rig.model, "/dev/nvme0n1", -EBUSY);
	check_error(disks(&rig), -EBUSY, rig.err, "something has claimed /dev/nvme0n1");
	rig_down(&rig);
}

Test(device_use, a_disk_with_several_ways_to_it_is_one)
{
	struct driver_rig rig;

	up(&rig);
	put_block(&rig, PLACE RIG_CARD "/nvme/nvme3", "nvme3c3n1", "259:9\n");
	put_block(&rig, "/sys/devices/virtual/nvme-subsystem/nvme-subsys3", "nvme3n1", "259:8\n");
	mounts(&rig, "22 1 259:8 / /data rw - ext4 /dev/nvme3n1 rw\n");
	check_error(device_use_disks(rig.host.sys, RIG_CARD, &rig.err), -EBUSY, rig.err,
		    "nvme3n1 is mounted on /data");
	rig_down(&rig);
}

static void put_interface(struct driver_rig *rig, const char *place, const char *name)
{
	char path[PT_PATH_SIZE], link[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/net/%s", place, name);
	model_put_dir(rig->model, path);
	(void)snprintf(link, sizeof(link), "/sys/class/net/%s", name);
	model_put_link(rig->model, link, path);
}

static int network(struct driver_rig *rig)
{
	rig->err = (struct pt_error)PT_ERROR_INIT;
	return device_use_network(rig->host.sys, RIG_CARD, &rig->err);
}

/* eth0 in bridge br0, and eth1 of another card. */
static void network_up(struct driver_rig *rig)
{
	rig_up(rig);
	put_interface(rig, PLACE RIG_CARD, "eth0");
	put_interface(rig, PLACE "0000:09:00.0", "eth1");
	put_interface(rig, "/sys/devices/virtual", "br0");
	model_put_link(rig->model, PLACE RIG_CARD "/net/eth0/upper_br0", "../../br0");
	model_put_file(rig->model, "/proc/net/route",
		       ROUTE_HEADER
		       "eth1\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
		       "br0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n");
	model_put_file(rig->model, "/proc/net/tcp", TCP_HEADER);
}

Test(device_use, the_default_route_is_found)
{
	struct driver_rig rig;

	network_up(&rig);
	check_ok(network(&rig), rig.err);
	model_put_file(rig.model, "/proc/net/route",
		       ROUTE_HEADER
		       "br0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
	check_error(network(&rig), -EBUSY, rig.err, "its default route is through br0");
	check_remedy(rig.err, "tenon bind --force " RIG_CARD);
	model_put_file(rig.model, "/proc/net/route", ROUTE_HEADER);
	model_put_file(
		rig.model, "/proc/net/ipv6_route",
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n");
	check_error(network(&rig), -EBUSY, rig.err, "its default route is through eth0");
	/* The one that says that there is none. */
	model_put_file(
		rig.model, "/proc/net/ipv6_route",
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 ffffffff 00000001 00000000 00200200     eth0\n");
	check_ok(network(&rig), rig.err);
	rig_down(&rig);
}

Test(device_use, somebody_who_is_logged_in_is_found)
{
	struct driver_rig rig;

	network_up(&rig);
	/* 192.168.2.7 came in by SSH; 192.168.2.7 is also one that this host is connected to. */
	model_put_file(rig.model, "/proc/net/tcp",
		       TCP_HEADER
		       "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 0\n"
		       "   1: 0502A8C0:D431 0702A8C0:0016 01 00000000:00000000 00:00000000 0\n");
	check_ok(network(&rig), rig.err);
	model_put_file(rig.model, "/proc/net/tcp",
		       TCP_HEADER
		       "   0: 0502A8C0:0016 0702A8C0:D431 01 00000000:00000000 00:00000000 0\n");
	check_error(network(&rig), -EBUSY, rig.err, "somebody is logged in by SSH through br0");
	model_put_file(rig.model, "/proc/net/tcp", TCP_HEADER);
	model_put_file(rig.model, "/proc/net/tcp6",
		       TCP_HEADER "   0: 0000000000000000FFFF00000502A8C0:0016 "
				  "0000000000000000FFFF00000702A8C0:D431 01 00000000:00000000 0\n");
	check_error(network(&rig), -EBUSY, rig.err, "somebody is logged in by SSH through br0");
	rig_down(&rig);
}

Test(device_use, what_the_host_lives_on_is_taken_by_force_only)
{
	struct driver_rig rig;
	struct taken taken;

	up(&rig);
	mounts(&rig, "31 22 259:2 / /srv rw - xfs /dev/nvme0n1p2 rw\n");
	taken_init(&taken, &rig.host, "a test");
	check_error(taken_add(&taken, RIG_DISK, VFIO_DRIVER, true, &rig.err), -EBUSY, rig.err,
		    "is mounted on /srv");
	cr_assert_eq(rig.changes, 0);
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/devices/" RIG_CARD "/sriov_numvfs", "2", 0), 0);
	check_error(taken_add(&taken, RIG_CARD, VFIO_DRIVER, true, &rig.err), -EBUSY, rig.err,
		    "its 2 virtual functions would be gone");
	taken.force = true;
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, true, &rig.err), rig.err);
	check_ok(taken_add(&taken, RIG_CARD, VFIO_DRIVER, true, &rig.err), rig.err);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	taken_done(&taken);
	rig_down(&rig);
}

Test(device_use, a_display_of_the_hosts_is_told)
{
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	model_put_file(rig.model, PLACE RIG_DISK "/boot_vga", "1\n");
	taken_init(&taken, &rig.host, "a test");
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	cr_assert(strstr(rig.said, "its console goes dark"), "%s", rig.said);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	taken_done(&taken);
	rig_down(&rig);
}

Test(device_use, a_framebuffer_that_stays_is_told)
{
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	taken_init(&taken, &rig.host, "a test");
	model_put_file(rig.model, "/proc/iomem",
		       "00000000-00000fff : Reserved\n"
		       "e0000000-f7ffffff : PCI Bus 0000:00\n"
		       "  e0000000-e3ffffff : PCI Bus 0000:02\n"
		       "    e0000000-e1ffffff : " RIG_DISK "\n"
		       "      e0000000-e1ffffff : vfio-pci\n"
		       "        e0000000-e07fffff : BOOTFB\n"
		       "    e2000000-e2ffffff : " RIG_CARD "\n"
		       "      e2000000-e2ffffff : vfio-pci\n"
		       "  e4000000-e7ffffff : PCI Bus 0000:03\n");
	check_ok(taken_add(&taken, RIG_CARD, VFIO_DRIVER, false, &rig.err), rig.err);
	cr_assert(!strstr(rig.said, "warning"), "%s", rig.said);
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	cr_assert(strstr(rig.said, RIG_DISK ": warning: the kernel still holds its memory for the "
					    "console (BOOTFB)"),
		  "%s", rig.said);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	taken_done(&taken);
	rig_down(&rig);
}
