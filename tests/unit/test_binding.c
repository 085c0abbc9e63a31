/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "driver_rig.h"
#include "host/binding.h"
#include "host/taken.h"
#include "host/vfs.h"

#define STATE_SIZE 1024

static const char *driver_of(struct driver_rig *rig, unsigned index)
{
	const char *driver = model_device(rig->model, index)->pci.driver;

	return driver ? driver : "";
}

static int take_two(struct driver_rig *rig, struct taken *taken)
{
	int ret = taken_add(taken, RIG_DISK, VFIO_DRIVER, false, &rig->err);

	return ret < 0 ? ret : taken_add(taken, RIG_CARD, VFIO_DRIVER, false, &rig->err);
}

Test(binding, a_device_is_taken_and_given_back)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	rig_state(&rig, before);
	taken_init(&taken, &rig.host, "a test");
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "vfio-pci");
	cr_assert_str_eq(rig.said, RIG_DISK ": taken from nvme, given to vfio-pci\n");
	cr_assert_eq(rig_records(&rig), 1);
	/* Named twice, taken once. */
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	cr_assert_eq(taken.count, 1);
	rig.said[0] = '\0';
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	rig_state(&rig, after);
	cr_assert_str_eq(before, after);
	cr_assert_eq(rig_records(&rig), 0);
	cr_assert_str_eq(rig.said, RIG_DISK ": taken from vfio-pci, given back to nvme\n");
	cr_assert_eq(model_calls(rig.model, 0, "new_id"), 0);
	taken_done(&taken);
	rig_down(&rig);
}

/* One of two leaves the guest, and the other stays taken. */
Test(binding, a_device_that_left_is_given_back_before_the_others)
{
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	taken_init(&taken, &rig.host, "a test");
	check_ok(take_two(&rig, &taken), rig.err);
	check_ok(taken_left(&taken, RIG_DISK, &rig.err), rig.err);
	cr_assert_eq(taken.count, 1);
	cr_assert_str_eq(taken.devices[0].name, RIG_CARD);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	cr_assert_eq(rig_records(&rig), 1);
	check_ok(taken_left(&taken, RIG_DISK, &rig.err), rig.err);
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	cr_assert_eq(rig_records(&rig), 0);
	taken_done(&taken);
	rig_down(&rig);
}

/* As while another function of its group is open. */
Test(binding, a_device_that_left_and_cannot_go_waits)
{
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	taken_init(&taken, &rig.host, "a test");
	check_ok(take_two(&rig, &taken), rig.err);
	model_device(rig.model, 0)->refused = "nvme";
	check_error(taken_left(&taken, RIG_DISK, &rig.err), -EIO, rig.err,
		    RIG_DISK ": nvme does not take it back");
	cr_assert_eq(taken.count, 2);
	model_device(rig.model, 0)->refused = NULL;
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(taken_left(&taken, RIG_CARD, &rig.err), rig.err);
	cr_assert_eq(taken.count, 0);
	cr_assert_eq(rig_records(&rig), 0);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	taken_done(&taken);
	rig_down(&rig);
}

Test(binding, all_that_was_is_restored)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	cr_assert_eq(
		rig_write(&rig, "/sys/bus/pci/devices/" RIG_DISK "/driver_override", "nvme", 0), 0);
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/devices/" RIG_DISK "/power/control", "auto", 0),
		     0);
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/devices/" RIG_CARD "/sriov_numvfs", "2", 0), 0);
	rig_state(&rig, before);
	taken_init(&taken, &rig.host, "a test");
	taken.force = true; /* virtual functions are gone for a while */
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	check_ok(taken_add(&taken, RIG_CARD, VFIO_DRIVER, false, &rig.err), rig.err);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	rig_state(&rig, after);
	cr_assert_str_eq(before, after);
	taken_done(&taken);
	rig_down(&rig);
}

Test(binding, a_device_without_a_driver_has_none_again)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/drivers/nvme/unbind", RIG_DISK, 0), 0);
	rig_state(&rig, before);
	taken_init(&taken, &rig.host, "a test");
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	rig_state(&rig, after);
	cr_assert_str_eq(before, after);
	taken_done(&taken);
	rig_down(&rig);
}

/* It is somebody's who bound it before: left there. */
Test(binding, a_device_that_vfio_has_already_stays_there)
{
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	check_ok(binding_take(&rig.host, RIG_DISK, VFIO_DRIVER, true, &(bool){false}, &rig.err),
		 rig.err);
	taken_init(&taken, &rig.host, "a test");
	check_ok(taken_add(&taken, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	check_ok(taken_give_back(&taken, &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "vfio-pci");
	cr_assert_eq(rig_records(&rig), 1);
	check_ok(taken_unbind(&rig.host, RIG_DISK, "a test", &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	cr_assert_eq(rig_records(&rig), 0);
	taken_done(&taken);
	rig_down(&rig);
}

/* A life to be ended at every point. */

static int take_vfs(struct driver_rig *rig, struct taken *taken)
{
	char name[PT_NAME_SIZE];
	int ret = taken_add_vfs(taken, RIG_CARD, 2, &rig->err);

	for (unsigned i = 0; i < 2 && ret == 0; i++) {
		ret = vfs_name(&rig->host, RIG_CARD, i, name, &rig->err);
		if (ret == 0)
			ret = taken_add(taken, name, VFIO_DRIVER, false, &rig->err);
	}
	return ret;
}

static int bind_for_good(struct driver_rig *rig, struct taken *taken)
{
	return taken_add(taken, RIG_DISK, VFIO_DRIVER, true, &rig->err);
}

static int take_by_libvirt(struct driver_rig *rig, struct taken *taken)
{
	rig->host.libvirt = "qemu:///system";
	return take_two(rig, taken);
}

static void live(struct driver_rig *rig, int (*take)(struct driver_rig *, struct taken *))
{
	struct taken taken;

	taken_init(&taken, &rig->host, "a test");
	(void)take(rig, &taken);
	(void)taken_give_back(&taken, NULL);
	taken_done(&taken);
}

/* A recovery that is killed as well, and one that is not. */
static void recover(struct driver_rig *rig, unsigned killed_at, bool after)
{
	unsigned count;

	rig_reborn(rig);
	rig->die_at = killed_at;
	rig->die_after = after;
	(void)taken_recover(&rig->host, "a test", false, &count, NULL);
	rig_reborn(rig);
	check_ok(taken_recover(&rig->host, "a test", false, &count, &rig->err), rig->err);
}

/* Return: whether the process lived to its end. */
static bool killed_at(unsigned at, bool after, int (*take)(struct driver_rig *, struct taken *),
		      unsigned recovery_at, bool autoprobe)
{
	char before[STATE_SIZE], now[STATE_SIZE];
	struct driver_rig rig;
	bool survived;

	rig_up(&rig);
	if (!autoprobe)
		(void)rig_write(&rig, "/sys/bus/pci/devices/" RIG_CARD "/sriov_drivers_autoprobe",
				"0", 0);
	rig_state(&rig, before);
	rig_reborn(&rig);
	rig.die_at = at;
	rig.die_after = after;
	live(&rig, take);
	survived = !rig.dead;
	recover(&rig, recovery_at, after);
	/* One that stays by intent. */
	if (rig_records(&rig) > 0) {
		cr_assert_eq(take, bind_for_good, "killed at %u: a record is left", at);
		check_ok(taken_unbind(&rig.host, RIG_DISK, "a test", &rig.err), rig.err);
	}
	rig_state(&rig, now);
	cr_assert_str_eq(before, now, "killed %s change %u, recovery at %u:\n%s\nnot\n%s",
			 after ? "after" : "before", at, recovery_at, now, before);
	cr_assert_eq(rig_records(&rig), 0);
	rig_down(&rig);
	return survived;
}

static void kill_everywhere(int (*take)(struct driver_rig *, struct taken *), unsigned least)
{
	unsigned at = 1;

	for (; at < 100; at++) {
		bool survived = true;

		for (unsigned recovery_at = 0; recovery_at < 12; recovery_at += 3) {
			survived &= killed_at(at, false, take, recovery_at, true);
			survived &= killed_at(at, true, take, recovery_at, false);
		}
		if (survived)
			break;
	}
	cr_assert_gt(at, least, "only %u points were seen", at);
	cr_assert_lt(at, 100);
}

Test(binding, killed_at_any_point_it_is_given_back)
{
	kill_everywhere(take_two, 14);
}

Test(binding, killed_at_any_point_virtual_functions_are_removed)
{
	kill_everywhere(take_vfs, 16);
}

Test(binding, killed_at_any_point_libvirt_has_it_back)
{
	kill_everywhere(take_by_libvirt, 6);
}

Test(binding, killed_at_any_point_a_bind_is_done_or_undone)
{
	kill_everywhere(bind_for_good, 4);
}

/* The next one that is run takes over what was never given back, and knows what it was. */
Test(binding, the_next_guest_restores_what_the_first_one_took)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	struct driver_rig rig;
	struct taken taken;

	for (unsigned at = 1; at < 12; at++) {
		rig_up(&rig);
		rig_state(&rig, before);
		rig.die_at = at;
		live(&rig, take_two);
		rig_reborn(&rig);
		taken_init(&taken, &rig.host, "a test");
		check_ok(take_two(&rig, &taken), rig.err);
		cr_assert_str_eq(driver_of(&rig, 0), "vfio-pci");
		check_ok(taken_give_back(&taken, &rig.err), rig.err);
		taken_done(&taken);
		rig_state(&rig, after);
		cr_assert_str_eq(before, after, "killed at %u", at);
		rig_down(&rig);
	}
}

Test(binding, the_next_guest_makes_its_virtual_functions_anew)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	struct driver_rig rig;
	struct taken taken;

	for (unsigned at = 1; at < 16; at++) {
		rig_up(&rig);
		rig_state(&rig, before);
		rig.die_at = at;
		live(&rig, take_vfs);
		rig_reborn(&rig);
		taken_init(&taken, &rig.host, "a test");
		check_ok(take_vfs(&rig, &taken), rig.err);
		check_ok(taken_give_back(&taken, &rig.err), rig.err);
		taken_done(&taken);
		rig_state(&rig, after);
		cr_assert_str_eq(before, after, "killed at %u", at);
		rig_down(&rig);
	}
}

/* Every call that looks at the host fails once. */
Test(binding, a_failure_at_any_point_leaves_the_host_as_it_was)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	bool fired = true;

	for (unsigned at = 1; fired; at++) {
		struct driver_rig rig;
		struct model_fault *fault;
		struct taken taken;
		unsigned count;

		cr_assert_lt(at, 400);
		rig_up(&rig);
		rig_state(&rig, before);
		fault = model_fault(rig.model);
		*fault = (struct model_fault){.countdown = at, .error = -EIO};
		taken_init(&taken, &rig.host, "a test");
		if (take_two(&rig, &taken) < 0)
			cr_assert(rig.err.code < 0 && rig.err.message[0], "no message: %s",
				  fault->where);
		(void)taken_give_back(&taken, NULL);
		taken_done(&taken);
		fired = fault->fired;
		*fault = (struct model_fault){0};
		rig_reborn(&rig);
		check_ok(taken_recover(&rig.host, "a test", false, &count, &rig.err), rig.err);
		rig_state(&rig, after);
		cr_assert_str_eq(before, after, "call %u failed", at);
		rig_down(&rig);
	}
}

/* What cannot be done. */

Test(binding, a_driver_that_does_not_let_go_is_told_with_who_has_it)
{
	struct driver_rig rig;
	unsigned count;

	rig_up(&rig);
	check_ok(binding_take(&rig.host, RIG_DISK, VFIO_DRIVER, true, &(bool){false}, &rig.err),
		 rig.err);
	model_process(rig.model, 77, "qemu", "/dev/vfio/devices/vfio0");
	rig.hangs = "/driver/unbind";
	rig_reborn(&rig);
	check_error(taken_unbind(&rig.host, RIG_DISK, "a test", &rig.err), -ETIMEDOUT, rig.err,
		    RIG_DISK ": vfio-pci does not let go of it: qemu (pid 77) has it open");
	check_remedy(rig.err, "tenon recover");
	/* It was asked for: it does not stay. But who uses it is not disturbed. */
	rig.hangs = NULL;
	rig_reborn(&rig);
	check_ok(taken_recover(&rig.host, "a test", true, &count, &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "vfio-pci");
	cr_assert(strstr(rig.said, "qemu (pid 77) has it open: left as it is"), "%s", rig.said);
	model_remove(rig.model, "/proc/77");
	check_ok(taken_recover(&rig.host, "a test", true, &count, &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	rig_down(&rig);
}

Test(binding, while_the_kernel_waits_nothing_more_is_done)
{
	struct driver_rig rig;
	unsigned count, changes;

	rig_up(&rig);
	rig.hangs = "/driver/unbind";
	check_error(binding_take(&rig.host, RIG_DISK, VFIO_DRIVER, false, &(bool){false}, &rig.err),
		    -ETIMEDOUT, rig.err, "nvme did not let go of it in 60 s");
	changes = rig.changes; /* remember, driver_override, unbind */
	cr_assert_eq(changes, 3);
	cr_assert_eq(rig_records(&rig), 1);
	rig.hangs = NULL;
	rig_reborn(&rig);
	check_ok(taken_recover(&rig.host, "a test", false, &count, &rig.err), rig.err);
	cr_assert_eq(count, 1);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	rig_down(&rig);
}

Test(binding, a_driver_that_refuses_leaves_it_as_it_was)
{
	char before[STATE_SIZE], after[STATE_SIZE];
	struct driver_rig rig;

	rig_up(&rig);
	rig_state(&rig, before);
	model_device(rig.model, 0)->refused = "vfio-pci";
	check_error(binding_take(&rig.host, RIG_DISK, VFIO_DRIVER, false, &(bool){false}, &rig.err),
		    -EIO, rig.err, RIG_DISK ": vfio-pci does not take it");
	check_remedy(rig.err, "dmesg | grep " RIG_DISK);
	rig_state(&rig, after);
	cr_assert_str_eq(before, after);
	cr_assert_eq(rig_records(&rig), 0);
	rig_down(&rig);
}

Test(binding, a_driver_that_does_not_come_back_keeps_the_record)
{
	struct driver_rig rig;
	struct taken taken;
	unsigned count;

	rig_up(&rig);
	taken_init(&taken, &rig.host, "a test");
	check_ok(take_two(&rig, &taken), rig.err);
	model_device(rig.model, 0)->refused = "nvme";
	check_error(taken_give_back(&taken, &rig.err), -EIO, rig.err,
		    RIG_DISK ": nvme does not take it back");
	/* The other one is not kept from its driver. */
	cr_assert_str_eq(driver_of(&rig, 1), "igb");
	cr_assert_eq(rig_records(&rig), 1);
	model_device(rig.model, 0)->refused = NULL;
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(taken_recover(&rig.host, "a test", false, &count, &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	taken_done(&taken);
	rig_down(&rig);
}

Test(binding, a_refusal_of_libvirts_leaves_it_as_it_was)
{
	struct driver_rig rig;

	rig_up(&rig);
	rig.host.libvirt = "qemu:///busy";
	check_error(binding_take(&rig.host, RIG_DISK, VFIO_DRIVER, false, &(bool){false}, &rig.err),
		    -EBUSY, rig.err, "libvirt (qemu:///busy) does not give it away");
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	cr_assert_eq(rig_records(&rig), 0);
	rig_down(&rig);
}

Test(binding, there_is_no_such_device)
{
	struct driver_rig rig;
	struct taken taken;

	rig_up(&rig);
	taken_init(&taken, &rig.host, "a test");
	check_error(taken_add(&taken, "0000:77:00.0", VFIO_DRIVER, true, &rig.err), -ENODEV,
		    rig.err, "0000:77:00.0: no such PCI device");
	cr_assert_eq(taken.count, 0);
	taken_done(&taken);
	rig_down(&rig);
}

Test(binding, there_is_no_such_driver)
{
	struct driver_rig rig;

	rig_up(&rig);
	check_error(binding_take(&rig.host, RIG_DISK, "nope", false, &(bool){false}, &rig.err),
		    -ENOENT, rig.err, "there is no driver nope");
	check_remedy(rig.err, "modprobe nope");
	cr_assert_eq(rig.changes, 0);
	rig_down(&rig);
}

Test(binding, two_tenons_do_not_take_one_device)
{
	struct taken first, second;
	struct driver_rig rig;

	rig_up(&rig);
	taken_init(&first, &rig.host, "tenon run (pid 5)");
	taken_init(&second, &rig.host, "tenon run (pid 6)");
	check_ok(taken_add(&first, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	check_error(taken_add(&second, RIG_DISK, VFIO_DRIVER, false, &rig.err), -EBUSY, rig.err,
		    "tenon run (pid 5) has it");
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_error(taken_unbind(&rig.host, RIG_DISK, "tenon unbind", &rig.err), -EBUSY, rig.err,
		    "tenon run (pid 5) has it");
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(taken_recover(&rig.host, "tenon recover", true, &(unsigned){0}, &rig.err),
		 rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "vfio-pci");
	check_ok(taken_give_back(&first, &rig.err), rig.err);
	check_ok(taken_add(&second, RIG_DISK, VFIO_DRIVER, false, &rig.err), rig.err);
	check_ok(taken_give_back(&second, &rig.err), rig.err);
	taken_done(&first);
	taken_done(&second);
	rig_down(&rig);
}

/* What the record is about is not there any more. */

static void left_behind(struct driver_rig *rig)
{
	rig_up(rig);
	check_ok(binding_take(&rig->host, RIG_DISK, VFIO_DRIVER, false, &(bool){false}, &rig->err),
		 rig->err);
	rig_reborn(rig);
}

static void forgotten(struct driver_rig *rig, const char *why)
{
	unsigned count;

	check_ok(taken_recover(&rig->host, "a test", false, &count, &rig->err), rig->err);
	cr_assert(strstr(rig->said, why), "it said %s", rig->said);
	cr_assert_eq(rig_records(rig), 0);
	rig_down(rig);
}

Test(binding, after_a_reboot_nothing_is_given_back)
{
	struct driver_rig rig;

	left_behind(&rig);
	model_put_file(rig.model, "/proc/sys/kernel/random/boot_id", "another\n");
	forgotten(&rig, "the host has started anew");
}

Test(binding, a_device_that_is_gone_is_forgotten)
{
	struct driver_rig rig;

	left_behind(&rig);
	model_remove(rig.model, "/sys/bus/pci/devices/" RIG_DISK);
	forgotten(&rig, "is gone");
}

Test(binding, another_device_in_its_place_is_left_alone)
{
	struct driver_rig rig;

	left_behind(&rig);
	model_put_file(rig.model, "/sys/bus/pci/devices/../../../devices/x", "");
	model_put_file(rig.model, "/sys/devices/pci0000:00/0000:00:1c.0/" RIG_DISK "/device",
		       "0x1234\n");
	forgotten(&rig, "another device is in its place");
}

Test(binding, a_driver_of_somebodys_choice_stays)
{
	struct driver_rig rig;

	left_behind(&rig);
	model_device(rig.model, 0)->native = "other";
	model_bindable(rig.model);
	model_device(rig.model, 0)->override = NULL;
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/drivers/vfio-pci/unbind", RIG_DISK, 0), 0);
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/drivers_probe", RIG_DISK, 0), 0);
	cr_assert_str_eq(driver_of(&rig, 0), "other");
	forgotten(&rig, "other has it, which is neither of the two");
}

Test(binding, a_damaged_record_stops_a_take_and_not_an_unbind)
{
	struct driver_rig rig;
	char path[PT_PATH_SIZE];

	left_behind(&rig);
	(void)snprintf(path, sizeof(path), "%s/%s", rig.host.journal.path, RIG_DISK);
	cr_assert_eq(truncate(path, 50), 0);
	check_error(binding_take(&rig.host, RIG_DISK, VFIO_DRIVER, false, &(bool){false}, &rig.err),
		    -EBADMSG, rig.err, "is damaged");
	check_remedy(rig.err, "tenon unbind " RIG_DISK);
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(taken_unbind(&rig.host, RIG_DISK, "a test", &rig.err), rig.err);
	cr_assert_str_eq(driver_of(&rig, 0), "nvme");
	cr_assert_eq(rig_records(&rig), 0);
	rig_down(&rig);
}

/* Virtual functions. */

Test(binding, virtual_functions_are_refused_with_the_cause)
{
	struct driver_rig rig;

	rig_up(&rig);
	check_error(vfs_create(&rig.host, RIG_DISK, 1, &rig.err), -ENOTSUP, rig.err,
		    RIG_DISK ": has no SR-IOV");
	check_error(vfs_create(&rig.host, RIG_CARD, 8, &rig.err), -ERANGE, rig.err,
		    "has 7 virtual functions, not 8");
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/devices/" RIG_CARD "/sriov_numvfs", "1", 0), 0);
	check_error(vfs_create(&rig.host, RIG_CARD, 2, &rig.err), -EBUSY, rig.err,
		    "somebody has made 1 virtual functions");
	cr_assert_eq(rig_write(&rig, "/sys/bus/pci/drivers/igb/unbind", RIG_CARD, 0), 0);
	check_error(vfs_create(&rig.host, RIG_CARD, 2, &rig.err), -ENOTSUP, rig.err,
		    "without a driver it cannot make virtual functions");
	cr_assert_eq(rig_records(&rig), 0);
	rig_down(&rig);
}
