/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "bind_args.h"
#include "check.h"

#define WORDS_MAX 8

/* "bind 1:0.0 --group", in words; they live as long as the next call. */
static int parse(const char *line, struct bind_args *args, struct pt_error *err)
{
	static char text[256], *words[WORDS_MAX + 1];
	int count = 0;

	(void)snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	*err = (struct pt_error)PT_ERROR_INIT;
	return bind_args_parse(count, words, args, err);
}

Test(bind_args, options_stand_anywhere)
{
	struct bind_args args;
	struct pt_error err;

	check_ok(parse("bind --driver mlx5-vfio-pci 0000:02:00.0 --limit=5s 03:00.0 --group", &args,
		       &err),
		 err);
	cr_assert_eq(args.count, 2);
	cr_assert_str_eq(args.names[0], "0000:02:00.0");
	cr_assert_str_eq(args.names[1], "03:00.0");
	cr_assert_str_eq(args.driver, "mlx5-vfio-pci");
	cr_assert_eq(args.limit, 5);
	cr_assert(args.group && !args.force && !args.help);
	check_ok(parse("unbind 03:00.0", &args, &err), err);
	cr_assert_eq(args.limit, 60);
	check_ok(parse("recover", &args, &err), err);
	check_ok(parse("bind --help", &args, &err), err);
	cr_assert(args.help);
}

Test(bind_args, mistakes_are_told)
{
	struct bind_args args;
	struct pt_error err;

	check_error(parse("bind", &args, &err), -EINVAL, err, "no device named");
	check_remedy(err, "tenon bind 0000:02:00.0");
	check_error(parse("bind --drver x 1:0.0", &args, &err), -EINVAL, err,
		    "did you mean \"--driver\"?");
	check_error(parse("unbind --group 1:0.0", &args, &err), -EINVAL, err,
		    "unknown option \"--group\"");
	check_error(parse("bind 1:0.0 --limit", &args, &err), -EINVAL, err,
		    "--limit: no value given");
	check_remedy(err, "write --limit TIME");
	check_error(parse("bind 1:0.0 --limit 5", &args, &err), -EINVAL, err, "is not a time");
	check_error(parse("bind 1:0.0 --group=yes", &args, &err), -EINVAL, err, "takes no value");
	check_error(parse("bind 1:0.0 --driver ../x", &args, &err), -EINVAL, err,
		    "is not a driver");
	check_error(parse("recover 1:0.0", &args, &err), -EINVAL, err, "is one too many");
	check_remedy(err, "tenon unbind 1:0.0");
}
