import Datasets
import Foundation

/// Shows what happens while a dataset is prepared.
struct PreparationView: Sendable {
    let display: ProgressDisplay
    /// Print the whole report of the integrity check.
    let listsWarnings: Bool
    let isVerbose: Bool

    func show(_ event: DatasetPreparation.Event) {
        switch event {
        case .progress(let progress): display.update(progress)
        case .note(let text): display.line(text)
        case .checked(let report):
            if listsWarnings {
                display.line(report.description)
            } else if !report.warnings.isEmpty {
                let count = report.warnings.count
                display.line(
                    "The integrity check has \(count) warning\(count == 1 ? "" : "s"); --verify-dataset-integrity "
                        + "lists "
                        + (count == 1 ? "it." : "them."))
            }
        case .planned(let plans):
            display.line("Plans: \(plans.path)")
            for name in plans.configurationNames {
                guard let configuration = try? plans.configuration(named: name) else { continue }
                display.line("  " + Self.summary(of: configuration))
                if isVerbose { display.line(configuration.json.text(indent: 2)) }
            }
        case .prepared(let store, let configuration):
            display.line("\(configuration.name): \(store.identifiers.count) cases in \(store.folder)")
        }
    }

    private static func summary(of configuration: Configuration) -> String {
        let patch = configuration.patchSize.map(String.init).joined(separator: "x")
        let spacing = configuration.spacing.map { String(format: "%.4g", $0) }.joined(separator: "x")
        return "\(configuration.name): patch \(patch), batch \(configuration.batchSize), spacing \(spacing) mm, "
            + "\(configuration.architecture.levelCount) resolution levels"
    }
}
