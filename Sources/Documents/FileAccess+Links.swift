import Foundation

extension FileAccess {
    /// Makes a symbolic link, or turns one that is there to another target; any other file of that name is left alone.
    ///
    /// - Throws: ``FileError``, also where something else than a link has the name.
    public static func makeLink(_ path: String, to target: String) throws(FileError) {
        var information = stat()
        if lstat(path, &information) == 0, information.st_mode & S_IFMT != S_IFLNK {
            throw FileError(action: "make the link", path: path, reason: "a file or folder of that name is there")
        }
        // Under another name first, so that the path always leads somewhere.
        let temporary = path + ".tmp\(getpid())"
        guard symlink(target, temporary) == 0 else { throw .lastCall("make the link", path) }
        guard Glibc.rename(temporary, path) == 0 else {
            let error = FileError.lastCall("make the link", path)
            unlink(temporary)
            throw error
        }
    }
}
