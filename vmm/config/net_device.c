/* SPDX-License-Identifier: MIT */
#include "config/net_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_id.h"

static const char *const vhost_choices[] = {
	[VM_VHOST_AUTO] = "auto", [VM_VHOST_ON] = "on", [VM_VHOST_OFF] = "off", NULL};

static int set_mac(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_net *net = object;
	unsigned char mac[6];
	int end = 0;

	(void)dir;
	if (sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &end) != 6 ||
	    value[end] || end != 17)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is not a MAC address", value),
			"write six bytes, such as 52:54:00:12:34:56");
	if (mac[0] & 1)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "%s is the address of a group", value),
			"the first byte is even: 52:54:00:12:34:56");
	memcpy(net->mac, mac, sizeof(mac));
	net->has_mac = true;
	return 0;
}

#define HEX2 "[0-9a-fA-F]{2}"

static const struct setting rows[] = {
	{
		.name = "net",
		.arg = "TAP",
		.help = "a tap device of the host, or fd:N, a descriptor of one",
		.kind = SETTING_TEXT,
		.field = offsetof(struct vm_config_net, tap),
		.min = 1,
		.max = 15,
		.pattern = "^[A-Za-z0-9._:-]+$",
		.what = "a network device",
		.form = "the name of a tap device, such as tap0, or fd:N",
	},
	DEVICE_ID_ROW(struct vm_config_net),
	VIRTIO_SLOT_ROW(struct vm_config_net),
	{
		.name = "mac",
		.arg = "MAC",
		.help = "its address; else one that is made of the names of guest and tap device",
		.kind = SETTING_OTHER,
		.pattern = "^" HEX2 ":" HEX2 ":" HEX2 ":" HEX2 ":" HEX2 ":" HEX2 "$",
		.set = set_mac,
	},
	{
		.name = "mtu",
		.arg = "BYTES",
		.help = "the largest frame that the guest is told to send, 68 to 65535",
		.kind = SETTING_NUMBER,
		.field = offsetof(struct vm_config_net, mtu),
		.min = 68,
		.max = 65535,
	},
	{
		.name = "queues",
		.arg = "N",
		.help = "pairs of queues, 1 to 16, for a tap device that was made with multi_queue",
		.kind = SETTING_NUMBER,
		.field = offsetof(struct vm_config_net, queues),
		.min = 1,
		.max = VM_NET_QUEUES_MAX,
	},
	{
		.name = "vhost",
		.arg = "WHEN",
		.help = "whether the kernel's vhost-net moves the frames: auto, where it is there; on; off",
		.kind = SETTING_CHOICE,
		.field = offsetof(struct vm_config_net, vhost),
		.choices = vhost_choices,
		.what = "a choice here",
	},
};

static int named_twice(const struct vm_config_net *net, struct pt_error *err)
{
	return pt_error_remedy(err, pt_error_set(err, -EEXIST, "%s is named twice", net->tap),
			       "give each network card a tap device of its own");
}

static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_net *net = object, *nets;
	int ret;

	net->layer = config->layer;
	for (size_t i = 0; i < config->net_count; i++) {
		if (strcmp(config->nets[i].tap, net->tap) != 0)
			continue;
		if (config->nets[i].layer == config->layer)
			return named_twice(net, err);
		vm_config_net_done(&config->nets[i]);
		config->nets[i] = *net;
		*net = (struct vm_config_net){0};
		return 0;
	}
	ret = vm_config_room(config, err);
	if (ret < 0)
		return ret;
	nets = reallocarray(config->nets, config->net_count + 1, sizeof(*nets));
	if (!nets)
		return pt_error_set(err, -ENOMEM, "out of memory");
	config->nets = nets;
	nets[config->net_count++] = *net;
	*net = (struct vm_config_net){0};
	return 0;
}

static void done(void *object)
{
	vm_config_net_done(object);
}

const struct device_kind net_kind = {
	.option = "net",
	.noun = "network card",
	.example = "tap0",
	.help = "A network card, by virtio-net",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_net),
	.add = add,
	.done = done,
};
