/// A program of nnU-Net by its name, and how what its users type is said here.
///
/// A link of that name to this program behaves as they know it: the defaults of trainers are nnU-Net's, options that have
/// no meaning here are taken with a note, and those that would change the results are refused.
public struct ForeignProgram: Sendable {
    /// E.g. `nnUNetv2_train`.
    public let name: String
    /// The command here, e.g. `train`.
    public let command: String
    /// Options that only nnU-Net has; where the command here declares one, its own rule counts.
    let options: [ForeignOption]
    /// The option that names the trainer, where it is not left to the command: its default, and what nnU-Net's default
    /// trainer is called here.
    let trainer: String?
    /// Configurations to name with `-c` where the user names none: nnU-Net's default, if it is not the command's.
    let configurations: [String]

    static let prefix = "nnUNetv2_"
    /// The trainer that nnU-Net takes unless it is told otherwise.
    static let standardTrainer = "nnUNetTrainer"
    /// The configurations that nnU-Net preprocesses unless it is told otherwise.
    private static let standardConfigurations = ["2d", "3d_fullres", "3d_lowres"]

    init(
        _ name: String, _ command: String, options: [ForeignOption] = [], trainer: String? = nil,
        configurations: [String] = []
    ) {
        self.name = Self.prefix + name
        self.command = command
        self.options = options
        self.trainer = trainer
        self.configurations = configurations
    }

    /// All programs of nnU-Net that may have a command here.
    public static let all: [ForeignProgram] = [
        ForeignProgram("plan_and_preprocess", "plan-and-preprocess", configurations: standardConfigurations),
        ForeignProgram("extract_fingerprint", "extract-fingerprint"),
        ForeignProgram("plan_experiment", "plan-experiment"),
        ForeignProgram("preprocess", "preprocess", configurations: standardConfigurations),
        ForeignProgram("train", "train", options: ForeignOption.training, trainer: "cps"),
        ForeignProgram("predict", "predict", options: ForeignOption.prediction, trainer: standardTrainer),
        ForeignProgram("accumulate_crossval_results", "accumulate-crossval-results"),
        ForeignProgram("find_best_configuration", "find-best-configuration"),
        ForeignProgram("determine_postprocessing", "determine-postprocessing"),
        ForeignProgram("apply_postprocessing", "apply-postprocessing"),
        ForeignProgram("ensemble", "ensemble"),
        ForeignProgram("evaluate_folder", "evaluate"),
        ForeignProgram("evaluate_simple", "evaluate-simple"),
        ForeignProgram("convert_MSD_dataset", "convert-msd"),
        ForeignProgram("plot_overlay_pngs", "plot-overlay-pngs"),
        ForeignProgram("export_model_to_zip", "export-model-to-zip", trainer: standardTrainer),
        ForeignProgram("install_pretrained_model_from_zip", "install-pretrained-model-from-zip"),
    ]

    /// The program that a path to it names; nil for this program's own name.
    ///
    /// - Throws: ``ForeignProgramError/unknown(name:)`` for another name that begins as nnU-Net's do.
    public static func called(_ path: String) throws(ForeignProgramError) -> ForeignProgram? {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard name.hasPrefix(prefix) else { return nil }
        guard let program = all.first(where: { $0.name == name }) else { throw .unknown(name: name) }
        return program
    }

    /// What to run here instead.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - spelling: of this program.
    /// - Returns: the arguments, the command's name first, and notes about options that have no meaning here.
    /// - Throws: ``ForeignProgramError`` for options that would change the results.
    public func translated(
        _ arguments: [String], spelling: Spelling
    ) throws(ForeignProgramError) -> (arguments: [String], notes: [String]) {
        guard spelling.declares(command: command) else { throw .unknown(name: name) }
        var (result, notes) = ([String](), [String]())
        var (namesTrainer, namesConfigurations) = (false, false)
        var place = arguments.startIndex
        while place < arguments.endIndex {
            let argument = arguments[place]
            place += 1
            if argument == "--" {
                result += arguments[(place - 1)...]
                break
            }
            let word = Word(argument)
            if word.key == "c" { namesConfigurations = true }
            if let trainer, word.key == "tr" {
                namesTrainer = true
                let value = word.value ?? (place < arguments.endIndex ? arguments[place] : nil)
                if word.value == nil, value != nil { place += 1 }
                result += ["-tr"] + [value == Self.standardTrainer ? trainer : value].compactMap(\.self)
                continue
            }
            guard let option = options.first(where: { $0.key == word.key }),
                !spelling.declares(option: option.key, of: command)
            else {
                result.append(argument)
                continue
            }
            var value = word.value
            if value == nil, option.takesValue, place < arguments.endIndex {
                value = arguments[place]
                place += 1
            }
            if let note = try option.note(value, of: self) { notes.append("\(argument): \(note)") }
        }
        if let trainer, !namesTrainer { result = ["-tr", trainer] + result }
        if !configurations.isEmpty, !namesConfigurations { result = ["-c"] + configurations + result }
        return ([command] + result, notes)
    }

    /// An argument that may be an option.
    private struct Word {
        /// The option's name without dashes, `-` for `_`; nil for a value.
        let key: String?
        /// What stands behind `=`.
        let value: String?

        init(_ argument: String) {
            guard argument.hasPrefix("-"), argument.contains(where: \.isLetter) else {
                (key, value) = (nil, nil)
                return
            }
            let name = argument.prefix { $0 != "=" }
            key = String(name.drop { $0 == "-" }.map { $0 == "_" ? "-" : $0 })
            value = name.count < argument.count ? String(argument.dropFirst(name.count + 1)) : nil
        }
    }
}

/// Why this program cannot stand in for one of nnU-Net's.
public enum ForeignProgramError: Error, Equatable, CustomStringConvertible {
    case unknown(name: String)
    case refused(program: String, option: String, reason: String)

    public var description: String {
        switch self {
        case .unknown(let name): "there is no command here for \(name); pgps --help lists the commands"
        case .refused(let program, let option, let reason): "\(program): \(option): \(reason)"
        }
    }
}
