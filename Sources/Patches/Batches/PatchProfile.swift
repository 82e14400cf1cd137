/// Where the time goes while patches are read by one thread.
///
/// A reader marks the end of every step that it did; what lies between two marks belongs to the later one.
package final class PatchProfile {
    /// The steps of a patch, in their order.
    package enum Step: String, CaseIterable, Sendable {
        /// Which case, where, and which transforms.
        case draw
        /// The copy of the voxels where nothing is turned or scaled.
        case crop
        /// Rotation and scaling.
        case spatial
        case noise
        case blur
        case brightness
        case contrast
        case lowResolution
        case invertedGamma
        case gamma
        case mirroring
        /// Resampling of the content to the tensor, of `progressive-resolution` only.
        case resizing
        /// Mask, labels, statistics.
        case finish
    }

    /// Seconds spent in each step so far.
    package private(set) var seconds: [Step: Double] = [:]
    private let clock = ContinuousClock()
    private var last: ContinuousClock.Instant

    package init() { last = clock.now }

    /// Forgets the time since the last mark.
    func resume() { last = clock.now }

    /// Counts the time since the last mark for `step`.
    func mark(_ step: Step) {
        let now = clock.now
        seconds[step, default: 0] += last.duration(to: now) / .seconds(1)
        last = now
    }

    /// The part of the whole time that each step took, in order; steps that took none are left out.
    package var shares: [(step: Step, share: Double)] {
        let total = seconds.values.reduce(0, +)
        guard total > 0 else { return [] }
        return Step.allCases.compactMap { step in seconds[step].map { (step, $0 / total) } }
    }
}
