import ArgumentParser
import Datasets

/// `pgps extract-fingerprint`: the first step of `plan-and-preprocess`.
struct ExtractFingerprintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract-fingerprint",
        abstract: "Checks a raw dataset and measures what its plans depend on.",
        discussion: """
            Writes dataset_fingerprint.json and splits_final.json. The integrity check always runs. A fingerprint that \
            belongs to the images is kept; --clean makes it anew.

            Example:
              pgps extract-fingerprint -d 4 --verify-dataset-integrity
            """)

    @OptionGroup var step: DatasetStepOptions
    @OptionGroup var fingerprint: FingerprintOptions

    @OptionGroup var limits: CaseLimitOptions

    func run() throws {
        var options = DatasetPreparation.Options()
        options.isClean = fingerprint.clean
        options.checkLimit = limits.caseLimit
        try step.run(options, listsWarnings: fingerprint.verifyDatasetIntegrity) {
            try $0.extractFingerprint(report: $1)
        }
    }
}
