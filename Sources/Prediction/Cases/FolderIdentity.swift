import Foundation

/// Whether two paths name one folder, however they are written.
enum FolderIdentity {
    static func areEqual(_ left: String, _ right: String) -> Bool {
        let standard = { (path: String) in URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
        return standard(left) == standard(right)
    }
}
