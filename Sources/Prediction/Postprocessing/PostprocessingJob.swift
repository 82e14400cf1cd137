import Documents
import Synchronization
import Threads
import Volumes

/// Applies a postprocessing to a folder of label maps.
public struct PostprocessingJob: Sendable {
    public let postprocessing: Postprocessing
    public let inputFolder: String
    public let outputFolder: String
    /// Names of the label maps, sorted.
    public let names: [String]

    /// Lists the label maps; none is opened.
    ///
    /// - Throws: ``PostprocessingError`` when there are none.
    public init(
        _ postprocessing: Postprocessing, inputFolder: String, outputFolder: String, fileEnding: String
    ) throws(PostprocessingError) {
        self.postprocessing = postprocessing
        self.inputFolder = inputFolder
        self.outputFolder = outputFolder
        do {
            names = try FileAccess.list(inputFolder).filter { $0.hasSuffix(fileEnding) && !$0.hasPrefix(".") }
        } catch {
            throw .file(error)
        }
        guard !names.isEmpty else { throw .noLabelMaps(folder: inputFolder, fileEnding: fileEnding) }
    }

    /// Writes a label map of the same name for each; without steps they are copied byte for byte.
    ///
    /// - Parameters:
    ///   - limit: at most so many cases at a time; as many as threads when absent.
    ///   - progress: called after each case with the number of cases done and to do, from any thread.
    /// - Throws: ``PostprocessingError``, the first one in the order of the names.
    public func run(
        limit: Int? = nil, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(PostprocessingError) {
        do { try FileAccess.makeFolder(outputFolder) } catch { throw .file(error) }
        let done = Mutex(0)
        _ = try Threads.map(names.count, limit: limit) { (index) throws(PostprocessingError) in
            try run(names[index])
            done.withLock { count in
                count += 1
                progress(count, names.count)
            }
        }
    }

    private func run(_ name: String) throws(PostprocessingError) {
        let (source, target) = ("\(inputFolder)/\(name)", "\(outputFolder)/\(name)")
        if postprocessing.steps.isEmpty {
            do { try FileAccess.replace(target, with: FileAccess.read(source)) } catch { throw .file(error) }
            return
        }
        do {
            var image = try NIfTI.readLabels(source)
            postprocessing.apply(to: &image.labels)
            try NIfTI.write(labels: image.labels, geometry: image.geometry, to: target)
        } catch { throw .volume(error) }
    }
}
