#!/bin/bash
# tenon check: nodes that SELinux denies, on Debian's own kernel with a policy of the lab's that is about nothing else: what is said is
# typed, and then the guest runs.
# devices: nvme
# kernel: debian
# kernel-parameters: security=selinux
# selinux: tools
# limit: 300
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# What it does not know (handleunknown) is allowed: all but what is done with character devices. SIDs: flask.h of the kernel.
policy() {
	local sids=(kernel security unlabeled fs file file_labels init any_socket port netif netmsg node igmp_packet icmp_socket tcp_socket
		sysctl_modprobe sysctl sysctl_fs sysctl_kernel sysctl_net sysctl_net_unix sysctl_vm sysctl_dev kmod policy scmp_packet devnull)
	cat <<-END
		(handleunknown allow)
		(mls false)
		(policycap open_perms)
		(class chr_file (ioctl read write create getattr setattr lock relabelfrom relabelto append map unlink link rename execute
			quotaon mounton audit_access open execmod watch watch_mount watch_sb watch_with_perm watch_reads))
		(class process (transition dyntransition))
		(classorder (chr_file process))
		(sensitivity s0)
		(sensitivityorder (s0))
		(user lab)
		(role lab)
		(userrole lab lab)
		(userlevel lab (s0))
		(userrange lab ((s0) (s0)))
		(type kernel_t)
		(type tenon_t)
		(type node_t)
		(roletype lab kernel_t)
		(roletype lab tenon_t)
		(roletype lab node_t)
		(allow kernel_t tenon_t (process (transition)))
		(allow kernel_t kernel_t (chr_file (all)))
		(allow kernel_t node_t (chr_file (all)))
		(allow tenon_t kernel_t (chr_file (all)))
		(fsuse trans devtmpfs (lab lab kernel_t ((s0) (s0))))
		(sidorder (${sids[*]}))
	END
	printf '(sid %s)\n' "${sids[@]}"
	printf '(sidcontext %s (lab lab kernel_t ((s0) (s0))))\n' "${sids[@]}"
}

enforce() {
	tar -C "$LAB_SELINUX" -c usr etc | tar -x --keep-directory-symlink -C / || return
	mkdir -p /etc/selinux/lab /var/lib/selinux
	printf 'SELINUX=enforcing\nSELINUXTYPE=lab\n' >/etc/selinux/config
	policy >/tmp/lab.cil
	semodule -n -i /tmp/lab.cil && load_policy -i && [[ $(</sys/fs/selinux/enforce) == 1 ]]
}

tests/lab/bind "$LAB_nvme0"
enforce || {
	echo "no policy can be loaded"
	exit 1
}
chcon -t node_t /dev/kvm /dev/vfio/*
as=(runcon lab:lab:tenon_t)
check "nodes that SELinux denies" confined lab:lab:tenon_t "SELinux denies it"
check "and the guest runs" allowed
