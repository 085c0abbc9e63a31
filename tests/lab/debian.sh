# Debian's archive, read without touching the system's own apt lists. Sourced by ./run and tests/lab/kernel.
#
# The archive's address, its key and its components come from the sources that this machine already has. An apt
# configuration of our own names a sources file of our own, and keeps lists and packages in the cache.

CACHE=${TENON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}
APT_FOLDER=$CACHE/apt

debian_codename() {
	(. /etc/os-release 2>/dev/null && [[ ${ID:-} == debian ]] && echo "${VERSION_CODENAME:-}")
}

debian_next_codename() {
	case $1 in
	bookworm) echo trixie ;;
	trixie) echo forky ;;
	forky) echo duke ;;
	esac
}

# debian_entries: one line "URI SUITE KEY" for each binary source this machine reads "main" of; KEY may be "-".
debian_entries() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk '
		$1 == "deb" {
			key = "-"; i = 2
			if ($2 ~ /^\[/) {
				do { if (match($i, /signed-by=[^] ]+/)) key = substr($i, RSTART + 10, RLENGTH - 10) } while ($(i++) !~ /\]$/)
			}
			for (c = i + 2; c <= NF; c++) if ($c == "main") print $i, $(i + 1), key
		}'
	cat /dev/null /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
		function flush(   u, s, i, j) {
			if (("types" in f) && f["types"] ~ /(^| )deb( |$)/ && f["components"] ~ /(^| )main( |$)/ && f["enabled"] !~ /^no/)
				for (i = split(f["uris"], u, " "); i > 0; i--)
					for (j = split(f["suites"], s, " "); j > 0; j--)
						print u[i], s[j], (f["signed-by"] ~ /^\// ? f["signed-by"] : "-")
			delete f
		}
		/^#/ { next }
		/^[[:space:]]*$/ { flush(); next }
		/^[A-Za-z-]+:/ { name = tolower($1); sub(/:$/, "", name); sub(/^[^:]*:[[:space:]]*/, ""); f[name] = $0; next }
		{ sub(/^[[:space:]]+/, ""); f[name] = f[name] " " $0 }
		END { flush() }'
}

# debian_configure: writes our apt configuration and sources, and makes apt use them.
debian_configure() {
	local release next uri suite key main_uri= main_key=-
	release=$(debian_codename)
	[[ -n $release ]] || {
		echo "this is not Debian" >&2
		return 1
	}
	mkdir -p "$APT_FOLDER"/{lists,archives}/partial || return
	while read -r uri suite key; do
		[[ $suite == "$release" || $suite == "$release"-* ]] || continue
		[[ $suite != "$release"-backports* ]] || continue
		_debian_source "$uri" "$suite" "$key"
		[[ $suite != "$release" ]] || main_uri=$uri main_key=$key
	done < <(debian_entries) >"$APT_FOLDER/sources.list"
	[[ -n $main_uri ]] || {
		echo "none of this machine's apt sources offers Debian $release (main)" >&2
		return 1
	}
	_debian_source "$main_uri" "$release-backports" "$main_key" >>"$APT_FOLDER/sources.list"
	next=$(debian_next_codename "$release")
	[[ -z $next ]] || _debian_source "$main_uri" "$next-backports" "$main_key" >"$APT_FOLDER/next.list"
	_debian_apt_config sources.list lists >"$APT_FOLDER/apt.conf"
	_debian_apt_config next.list lists-next >"$APT_FOLDER/next.conf"
}

_debian_source() {
	local options=
	[[ $3 == - ]] || options="[signed-by=$3] "
	echo "deb $options$1 $2 main"
}

_debian_apt_config() {
	mkdir -p "$APT_FOLDER/$2/partial"
	cat <<-END
		Dir::Etc::sourcelist "$APT_FOLDER/$1";
		Dir::Etc::sourceparts "/dev/null";
		Dir::State::Lists "$APT_FOLDER/$2";
		Dir::Cache "$APT_FOLDER";
		APT::Sandbox::User "root";
	END
}

# debian_apt_get ARG...: apt-get on our sources
debian_apt_get() {
	APT_CONFIG=$APT_FOLDER/apt.conf apt-get -q "$@"
}

# debian_fetch_lists NAME: brings the lists of NAME.conf (apt or next) up to date, once a day at most
debian_fetch_lists() {
	local stamp=$APT_FOLDER/$1.fetched log=$APT_FOLDER/$1.log
	[[ -z $(find "$stamp" -mmin -1440 2>/dev/null) ]] || return 0
	if ! APT_CONFIG=$APT_FOLDER/$1.conf apt-get -q update -o APT::Update::Error-Mode=any >"$log" 2>&1; then
		grep -m 1 -E '^E:' "$log" >&2
		return 1
	fi
	touch "$stamp"
}

# debian_configure_bare NAME SUITE: NAME.conf is that of a machine which has SUITE and nothing installed, so that all that a package needs
# is fetched with it
debian_configure_bare() {
	local uri suite key
	debian_configure || return
	while read -r uri suite key; do
		[[ $suite == "$(debian_codename)" ]] || continue
		_debian_source "$uri" "$2" "$key"
		break
	done < <(debian_entries) >"$APT_FOLDER/$1.list"
	: >"$APT_FOLDER/nothing-installed"
	{
		_debian_apt_config "$1.list" "lists-$1"
		echo "Dir::State::status \"$APT_FOLDER/nothing-installed\";"
	} >"$APT_FOLDER/$1.conf"
	debian_fetch_lists "$1"
}

# debian_version NAME PACKAGE: that NAME.conf's suite has
debian_version() {
	APT_CONFIG=$APT_FOLDER/$1.conf apt-cache show "$2" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1
}

_debian_download() (
	export APT_CONFIG=$APT_FOLDER/$2.conf
	if [[ $1 == whole ]]; then
		apt-get -qq -y --no-install-recommends --download-only -o Dir::Cache::archives="$3" -o Debug::NoLocking=true install "${@:4}"
	else
		cd "$3" && apt-get -qq download "${@:4}"
	fi
)

# debian_unpack whole|alone NAME FOLDER PACKAGE...: with all that they need, or without, in FOLDER, which is made, or is not there if that
# fails. Their scripts are not run. The caller has a lock on what is beside FOLDER; what one left behind there that was killed is removed.
debian_unpack() {
	local what=$1 name=$2 folder=$3 work package
	shift 3
	rm -rf "$(dirname "$folder")"/.unpacking.*
	work=$(mktemp -d "$(dirname "$folder")/.unpacking.XXXXXX") && mkdir -p "$work"/{archives/partial,root/usr/{bin,sbin,lib,lib64}} || return
	_debian_download "$what" "$name" "$work/archives" "$@" >"$work/log" 2>&1 || {
		tail -n 5 "$work/log" >&2
		rm -rf "$work"
		return 1
	}
	# Whatever ships /bin as a folder is unpacked into /usr/bin all the same.
	for package in bin sbin lib lib64; do
		ln -s "usr/$package" "$work/root/$package"
	done
	for package in "$work"/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$work/root" || {
			rm -rf "$work"
			return 1
		}
	done
	mkdir -p "$work/root"/{dev,proc,sys,run,tmp}
	mv -T "$work/root" "$folder" && rm -rf "$work"
}
