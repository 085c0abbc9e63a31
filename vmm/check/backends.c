/* SPDX-License-Identifier: MIT */
/* What the guest's network cards, consoles and sockets have of the host: devices, and places for what is made for them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/rules.h"
#include "control/control_place.h"
#include "virtio/vsock.h"

#define NETWORKS    "/sys/class/net/"
#define WHY_NETWORK "the guest's network card is the other end of it"
#define NOBODY	    (-1L)
#define TUN_NODE    "/dev/net/tun"
#define VSOCK_NODE  "/dev/vhost-vsock"
#define WHY_SOCKET  "a socket of its own is made there when the guest starts"
#define WHY_VSOCK   "the guest's sockets to the host are the kernel's"

/* A node that a module of the kernel makes. */
static void check_module_node(struct check_run *check, const char *path, const char *module,
			      const char *why)
{
	struct finding *finding;

	if (check_exists(check, path)) {
		check_node(check, SUBJECT_GUEST, path);
		return;
	}
	finding = findings_add(check->findings, FINDING_BLOCKS, "node", SUBJECT_GUEST, why);
	finding_what(finding, "there is no %s", path);
	finding_seen(finding, path, "%s", "");
	finding_root_command(finding, check_is_root(check), "modprobe %s", module);
}

static long read_number(const struct check_run *check, const char *tap, const char *file, int base)
{
	char path[PT_PATH_SIZE], text[32];

	(void)snprintf(path, sizeof(path), NETWORKS "%s/%s", tap, file);
	return check_read(check, path, text, sizeof(text)) ? strtol(text, NULL, base) : NOBODY;
}

/* Of this user, and with as many queues as the card has. */
static void make_tap(const struct check_run *check, const struct vm_config_net *net,
		     struct finding *finding)
{
	const char *queues = net->queues > 1 ? " multi_queue" : "";
	bool root = check_is_root(check);

	finding_root_command(finding, root, "ip tuntap add %s mode tap%s user %s", net->tap, queues,
			     check->user->name);
	finding_root_command(finding, root, "ip link set %s up", net->tap);
}

static struct finding *network(struct check_run *check, const struct vm_config_net *net,
			       const char *file, const char *value)
{
	struct finding *finding = findings_add(check->findings, FINDING_BLOCKS, "network",
					       SUBJECT_GUEST, WHY_NETWORK);
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), NETWORKS "%s%s", net->tap, file);
	finding_seen(finding, path, "%s", value);
	return finding;
}

static bool is_in_group(const struct check_user *user, long gid)
{
	for (unsigned i = 0; i < user->group_count; i++) {
		if ((long)user->groups[i] == gid)
			return true;
	}
	return false;
}

/** struct tap_user - who has a tap device's queue: a descriptor's fdinfo says it. Source: tun_chr_show_fdinfo(), drivers/net/tun.c. */
struct tap_user {
	const struct check_run *check;
	const char *tap;
	struct pt_holder holder;
};

static int find_tap_user(void *arg, const struct pt_holder *holder)
{
	static const char key[] = "\niff:\t";
	struct tap_user *user = arg;
	const char *number = strrchr(holder->link, '/'), *name;
	char path[PT_PATH_SIZE], text[1024];

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", holder->pid,
		       number ? number + 1 : "");
	(void)check_read(user->check, path, text, sizeof(text));
	name = strstr(text, key);
	if (!name || strlen(user->tap) != strcspn(name + strlen(key), "\n") ||
	    strncmp(name + strlen(key), user->tap, strlen(user->tap)) != 0)
		return 0;
	user->holder = *holder;
	return 1;
}

/* One with one queue has one user. It has a carrier as long as that is there; where it is down the kernel does not say. */
static void check_tap_is_free(struct check_run *check, const struct vm_config_net *net)
{
	struct tap_user user = {.check = check, .tap = net->tap};
	const long carrier = read_number(check, net->tap, "carrier", 10);
	struct finding *finding;
	bool known;

	if (net->queues > 1 || carrier == 0)
		return;
	known = pt_host_holders(check->sys, TUN_NODE, find_tap_user, &user) == 1;
	if (!known && carrier != 1)
		return;
	finding = network(check, net, "/carrier", "1");
	if (known) {
		check_in_use(check, "network device", net->tap, &user.holder, finding);
		return;
	}
	finding_what(finding, "network device %s: somebody else has it in use", net->tap);
	finding_hint(finding, "give each guest a tap device of its own");
}

/* It is made anew as it must be; root may use anybody's. Source: tun_not_capable() and tun_set_iff(), drivers/net/tun.c. */
static void check_tap(struct check_run *check, const struct vm_config_net *net, long flags)
{
	const long owner = read_number(check, net->tap, "owner", 10);
	const long group = read_number(check, net->tap, "group", 10);
	const bool several = flags & IFF_MULTI_QUEUE, wanted = net->queues > 1;
	struct finding *finding;
	char value[32];

	if (several != wanted) {
		(void)snprintf(value, sizeof(value), "0x%lx", (unsigned long)flags);
		finding = network(check, net, "/tun_flags", value);
		finding_what(finding, "network device %s: it was made %s several queues", net->tap,
			     several ? "with" : "without");
	} else if (!check_is_root(check) &&
		   ((owner != NOBODY && owner != (long)check->user->uid) ||
		    (group != NOBODY && !is_in_group(check->user, group)))) {
		(void)snprintf(value, sizeof(value), "%ld", owner);
		finding = network(check, net, "/owner", value);
		finding_what(finding, "network device %s: it is not user %s's", net->tap,
			     check->user->name);
	} else {
		check_tap_is_free(check, net);
		return;
	}
	finding_root_command(finding, check_is_root(check), "ip link delete %s", net->tap);
	make_tap(check, net, finding);
	finding_hint(finding, "where it is in a bridge: ip link set %s master BRIDGE", net->tap);
}

static void check_network(struct check_run *check, const struct vm_config_net *net)
{
	char path[PT_PATH_SIZE];
	struct finding *finding;
	long flags;

	(void)snprintf(path, sizeof(path), NETWORKS "%s", net->tap);
	if (!check_exists(check, path)) {
		finding = network(check, net, "", "");
		finding_what(finding, "network device %s: there is none", net->tap);
		make_tap(check, net, finding);
		return;
	}
	flags = read_number(check, net->tap, "tun_flags", 16);
	if (flags == NOBODY || !(flags & IFF_TAP)) {
		finding = network(check, net, "/tun_flags", "");
		finding_what(finding, "network device %s: it is no tap device", net->tap);
		finding_hint(finding,
			     "--net with a tap device that is there or is to be made, such as: "
			     "ip tuntap add tap0 mode tap user %s",
			     check->user->name);
		return;
	}
	check_tap(check, net, flags);
}

/* Those that are not descriptors already. */
void check_networks(struct check_run *check)
{
	const struct vm_config *config = check->config;
	bool by_node = false, by_vhost = false;

	for (size_t i = 0; i < config->net_count; i++) {
		const struct vm_config_net *net = &config->nets[i];

		by_vhost = by_vhost || (net->vhost == VM_VHOST_ON && !net->vhost_fds[0]);
		if (net->fds[0] || !net->tap || strncmp(net->tap, "fd:", 3) == 0)
			continue;
		by_node = true;
		check_network(check, net);
	}
	if (by_node)
		check_module_node(check, TUN_NODE, "tun", WHY_NETWORK);
	if (by_vhost)
		check_module_node(check, "/dev/vhost-net", "vhost_net",
				  "the kernel is to move the network cards' frames");
}

/* Which guest has which address is nowhere to be read. */
static void check_address(struct check_run *check, uint64_t cid)
{
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;
	uint64_t free_cid = cid;
	int ret = virtio_vsock_free(check->sys, cid, &free_cid, &err);

	if ((ret < 0 && ret != -EADDRINUSE) || (ret == 0 && free_cid == cid))
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "vsock", SUBJECT_GUEST, WHY_VSOCK);
	finding_what(finding, "vsock address %" PRIu64 ": another guest has it", cid);
	finding_seen(finding, VSOCK_NODE, "%s", strerror(EADDRINUSE));
	if (ret < 0)
		finding_hint(finding, "--vsock with an address that is free, such as %d",
			     INT32_MAX);
	else
		finding_hint(finding, "--vsock %" PRIu64 " (in the file, vsock: %" PRIu64 ")",
			     free_cid, free_cid);
}

void check_vsock(struct check_run *check)
{
	if (!check->config->has_vsock || check->config->vsock.fd)
		return;
	check_module_node(check, VSOCK_NODE, "vhost_vsock", WHY_VSOCK);
	if (check->scope != CHECK_DEVICES)
		check_address(check, check->config->vsock.cid);
}

static void no_place(struct check_run *check, const char *what, const char *where, int code)
{
	struct finding *finding = findings_add(check->findings, FINDING_BLOCKS, "place",
					       SUBJECT_GUEST, "it is made when the guest starts");

	finding_what(finding, "%s: %s: %s", what, where, strerror(code));
	finding_seen(finding, where, "%s", code == ENOENT ? "" : strerror(code));
	if (code == ENOENT)
		finding_command(finding, "mkdir -p %s", where);
	else
		finding_hint(finding, "name a place where user %s may make files",
			     check->user->name);
}

/* Whether this user can make something at @path. @what: what it is for. @is_file: what is there already is written to. */
static void check_place(struct check_run *check, const char *what, const char *path, bool is_file)
{
	char folder[PT_PATH_SIZE];
	struct stat there;
	char *slash;

	if ((size_t)snprintf(folder, sizeof(folder), "%s", path) >= sizeof(folder))
		return;
	if (is_file && stat(path, &there) == 0) {
		if (S_ISDIR(there.st_mode))
			no_place(check, what, path, EISDIR);
		else if (access(path, W_OK) < 0)
			no_place(check, what, path, errno);
		return;
	}
	slash = strrchr(folder, '/');
	if (!slash)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	if (access(folder, W_OK | X_OK) < 0)
		no_place(check, what, folder, errno);
}

/* What is in the way of a socket there: somebody listens, or it is a file. */
static struct finding *no_socket(struct check_run *check, const struct pt_error *err)
{
	struct finding *finding =
		findings_add(check->findings, FINDING_BLOCKS, "place", SUBJECT_GUEST, WHY_SOCKET);

	finding_error(finding, err);
	return finding;
}

static void check_control(struct check_run *check)
{
	const struct vm_config *config = check->config;
	struct pt_error err = PT_ERROR_INIT;
	int ret = 0;

	if (config->control_off || (config->control && strncmp(config->control, "fd=", 3) == 0))
		return;
	if (config->control)
		ret = control_look(config->control, &err);
	else if (config->name)
		ret = control_place_look(config->name, &err);
	if (ret < 0)
		(void)no_socket(check, &err);
	else if (config->control)
		check_place(check, "control socket", config->control, false);
}

/* What a killed guest has left is no matter. */
static void check_console(struct check_run *check, const struct vm_config_console *console)
{
	const char *what = console->channel ? "channel" : "console";
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;

	if (!console->path || console->fd)
		return;
	if (console->where == VM_CONSOLE_FILE || control_look(console->path, &err) == 0) {
		check_place(check, what, console->path, console->where == VM_CONSOLE_FILE);
		return;
	}
	finding = no_socket(check, &err);
	finding_hint(finding, "give the %s another path, such as %s.2", what, console->path);
}

/* Sockets and files that a launch makes. */
void check_places(struct check_run *check)
{
	const struct vm_config *config = check->config;

	if (check->scope == CHECK_DEVICES)
		return;
	check_control(check);
	if (config->serial == SERIAL_FILE)
		check_place(check, "serial line", config->serial_path, true);
	for (size_t i = 0; i < config->console_count; i++)
		check_console(check, &config->consoles[i]);
}
