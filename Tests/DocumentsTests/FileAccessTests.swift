import Documents
import Foundation
import TestSupport
import Testing

@Suite struct FileAccessTests {
    @Test("Files, folders with all they hold, and links are removed; what is not there is no error")
    func removal() throws {
        try TestFiles.withTemporaryFolder { folder in
            let (file, link, inner) = (folder + "/file", folder + "/link", folder + "/a")
            try FileAccess.replace(file, with: "content")
            try FileAccess.makeFolder(inner + "/b")
            try FileAccess.replace(inner + "/b/c", with: "content")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
            try FileAccess.remove(link)
            #expect(try FileAccess.list(folder) == ["a", "file"])
            try FileAccess.remove(inner)
            try FileAccess.remove(inner)
            try FileAccess.remove(file + "/below")
            #expect(try FileAccess.list(folder) == ["file"])
            try FileAccess.remove(file)
            #expect(try FileAccess.list(folder) == [])
        }
    }

    @Test("A file or folder is renamed, or stays where it was") func renaming() throws {
        try TestFiles.withTemporaryFolder { folder in
            let (file, inner) = (folder + "/file", folder + "/inner")
            try FileAccess.replace(file, with: "content")
            try FileAccess.makeFolder(inner + "/a")
            for target in [inner, folder + "/none/file"] {
                let error = #expect(throws: FileError.self) { try FileAccess.rename(file, to: target) }
                #expect(error?.path == target && error?.action == "move \(file) to")
                #expect(try FileAccess.read(file) == Array("content".utf8))
            }
            try FileAccess.rename(file, to: inner + "/file")
            try FileAccess.rename(inner, to: folder + "/other")
            #expect(try FileAccess.list(folder) == ["other"])
            #expect(try FileAccess.list(folder + "/other") == ["a", "file"])
        }
    }

    @Test("A file replaced without flushing is whole, and a file system is flushed by any of its folders")
    func flushing() throws {
        try TestFiles.withTemporaryFolder { folder in
            try FileAccess.replace(folder + "/file", with: "old", isFlushed: false)
            try FileAccess.replace(folder + "/file", with: "content", isFlushed: false)
            try FileAccess.flushFileSystem(holding: folder)
            #expect(try FileAccess.read(folder + "/file") == Array("content".utf8))
            #expect(try FileAccess.list(folder) == ["file"])
            let error = #expect(throws: FileError.self) {
                try FileAccess.flushFileSystem(holding: folder + "/nothing")
            }
            #expect(error?.path == folder + "/nothing")
        }
    }
}
