/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "qemu/qemu_value.h"

/* All pairs in a row: "key=value;" */
static void expect(const char *text, const char *implied, const char *expected)
{
	struct qemu_value value = {0};
	struct pt_error err = PT_ERROR_INIT;
	char all[1024] = "";

	cr_assert_eq(qemu_value_parse(text, implied, &value, &err), 0, "%s: %s", text, err.message);
	for (size_t i = 0; i < value.count; i++)
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s=%s;",
			       value.pairs[i].key, value.pairs[i].value);
	cr_assert_str_eq(all, expected, "%s: %s", text, all);
	qemu_value_done(&value);
}

static void refuse(const char *text, int code, const char *message)
{
	struct qemu_value value = {0};
	struct pt_error err = PT_ERROR_INIT;

	check_error(qemu_value_parse(text, "type", &value, &err), code, err, message);
	cr_assert_eq(value.count, 0);
}

Test(qemu_value, pairs)
{
	expect("tap,fd=23,id=hostnet0", "type", "type=tap;fd=23;id=hostnet0;");
	expect("guest=lab,debug-threads=on", "guest", "guest=lab;debug-threads=on;");
	expect("size=262144k", "size", "size=262144k;");
	expect("", "type", "");
}

Test(qemu_value, cpus_can_be_said_several_times)
{
	expect("node,cpus=0-1,cpus=4,nodeid=0", "type", "type=node;cpus=0-1,4;nodeid=0;");
}

Test(qemu_value, a_comma_is_doubled)
{
	expect("file,path=/a,,b,c=d", "backend", "backend=file;path=/a,b;c=d;");
	expect("a=,,", NULL, "a=,;");
}

Test(qemu_value, a_key_alone_is_on)
{
	expect("socket,server,nowait", "backend", "backend=socket;server=on;wait=off;");
}

Test(qemu_value, json_is_flattened)
{
	expect("{\"driver\":\"file\",\"cache\":{\"direct\":true,\"no-flush\":false},\"n\":3}", NULL,
	       "driver=file;cache.direct=on;cache.no-flush=off;n=3;");
	expect("{\"qom-type\":\"x\",\"host-nodes\":[0,1]}", NULL,
	       "qom-type=x;host-nodes.0=0;host-nodes.1=1;");
}

Test(qemu_value, what_is_wrong)
{
	refuse("a,=b", -EINVAL, "a value has no key");
	refuse("x,id=1,id=2", -EEXIST, "\"id\" is said twice");
	refuse("{\"a\":", -EINVAL, "no JSON");
	refuse("{\"a\":null}", -EINVAL, "\"a\" is neither text nor a whole number");
	refuse("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", -E2BIG,
	       "objects in objects");
}
