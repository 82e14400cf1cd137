internal import CKernels
import Tensors
import Threads

/// One direction of a convolution along links: which rows and panels of weights a task multiplies.
///
/// A task unfolds the sources of a few groups of rows and multiplies them by panels of the weights that stay in a core's
/// cache. Each task owns what it writes.
struct LinkPass: Sendable {
    let plain: ckernels_links
    private let rows: LinkRows
    private let panelCount: Int
    private let panelsPerTask: Int
    private let groupsPerTask: Int
    private let unfoldedCount: Int
    private let workerCount: Int

    /// Weights that stay in a core's second cache while rows go by.
    private static let cachedWeightBytes = 512 << 10
    private static let fewestTasks = 8
    private static let mostTasks = 64

    init(_ plain: ckernels_links, _ rows: LinkRows) {
        self.plain = plain
        self.rows = rows
        workerCount = Threads.count
        let width = Int64(CKERNELS_PANEL)
        panelCount = Int((plain.target_channels + width - 1) / width)
        let groupCount = rows.groups.count
        let fewest = (panelCount * groupCount + Self.fewestTasks - 1) / Self.fewestTasks
        panelsPerTask = max(1, min(Self.cachedWeightBytes / (plain.weightByteCount / panelCount), panelCount, fewest))
        let parts = (panelCount + panelsPerTask - 1) / panelsPerTask
        groupsPerTask = max(1, groupCount * parts / Self.mostTasks)
        unfoldedCount = Int(
            rows.groups.map { ckernels_links_unfolded(plain, Int64($0.rowCount), Int64($0.tapCount)) }.max() ?? 0)
    }

    var scratchByteCount: Int { workerCount * unfoldedCount * MemoryLayout<Float>.stride }

    func multiply(
        _ source: UnsafeRawPointer, _ weights: AlignedBuffer<UInt8>, _ target: UnsafeMutableRawPointer, adding: Bool,
        scratch: UnsafeMutableRawPointer
    ) {
        nonisolated(unsafe) let (source, target) = (source, target)
        nonisolated(unsafe) let memory = scratch.assumingMemoryBound(to: Float.self)
        let slices = (rows.groups.count + groupsPerTask - 1) / groupsPerTask
        let parts = (panelCount + panelsPerTask - 1) / panelsPerTask
        Threads.forEach(parts * slices, limit: workerCount) { task, worker in
            let unfolded = memory + worker * unfoldedCount
            let firstPanel = task / slices * panelsPerTask
            let firstGroup = task % slices * groupsPerTask
            for index in firstGroup..<min(firstGroup + groupsPerTask, rows.groups.count) {
                let (group, sources) = rows.group(index)
                ckernels_links_unfold(plain, group, sources, source, unfolded)
                for panel in firstPanel..<min(firstPanel + panelsPerTask, panelCount) {
                    ckernels_links_multiply(
                        plain, group, Int64(panel), unfolded, weights.pointer, adding ? 1 : 0, target)
                }
            }
        }
    }
}
