//! Requests of ioctl that are known to mean the same on both machines. Numbers and structures
//! of the generic terminal interface are x86-64's too.

macro_rules! requests {
    ($($name:ident)*) => {
        const KNOWN: &[(u64, &str)] = &[$((libc::$name, stringify!($name))),*];
    };
}

requests! {
    TCGETS TCSETS TCSETSW TCSETSF TCGETA TCSETA TCSETAW TCSETAF TCSBRK TCXONC TCFLSH TIOCEXCL
    TIOCNXCL TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOCOUTQ TIOCSTI TIOCGWINSZ TIOCSWINSZ TIOCMGET TIOCMBIS
    TIOCMBIC TIOCMSET TIOCGSOFTCAR TIOCSSOFTCAR FIONREAD TIOCLINUX TIOCCONS TIOCGSERIAL TIOCSSERIAL
    TIOCPKT FIONBIO TIOCNOTTY TIOCSETD TIOCGETD TCSBRKP TIOCSBRK TIOCCBRK TIOCGSID TIOCGPTN
    TIOCSPTLCK TIOCGPTPEER FIOCLEX FIONCLEX FIOASYNC FIOQSIZE FICLONE FICLONERANGE FS_IOC_GETFLAGS
    FS_IOC_SETFLAGS
}

/// Sockets and others whose constants libc lacks.
const MORE: &[(u64, &str)] = &[
    (0x8905, "SIOCATMARK"),
    (0x8910, "SIOCGIFNAME"),
    (0x8912, "SIOCGIFCONF"),
    (0x8913, "SIOCGIFFLAGS"),
    (0x8914, "SIOCSIFFLAGS"),
    (0x8915, "SIOCGIFADDR"),
    (0x8919, "SIOCGIFBRDADDR"),
    (0x891b, "SIOCGIFNETMASK"),
    (0x8921, "SIOCGIFMTU"),
    (0x8927, "SIOCGIFHWADDR"),
    (0x8933, "SIOCGIFINDEX"),
    (0x1260, "BLKGETSIZE"),
    (0x1268, "BLKSSZGET"),
    (0x8008_1272, "BLKGETSIZE64"),
    (0xc020_660b, "FS_IOC_FIEMAP"),
    (0x5331, "CDROM_CLEAR_OPTIONS"),
];

fn find(request: u32) -> Option<&'static str> {
    let known = KNOWN.iter().chain(MORE);
    known
        .into_iter()
        .find(|(number, _)| *number == u64::from(request))
        .map(|(_, name)| *name)
}

/// Whether a request is known to mean the same here as for the guest.
pub(super) fn is_known(request: u32) -> bool {
    find(request).is_some()
}

/// A request's name.
pub(super) fn name(request: u32) -> String {
    find(request).map_or_else(|| format!("{request:#x}"), ToOwned::to_owned)
}
