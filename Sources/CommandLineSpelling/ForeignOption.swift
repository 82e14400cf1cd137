/// An option of nnU-Net's that no command here has.
struct ForeignOption: Sendable {
    enum Rule: Sendable {
        /// It does not change the result; the note says why it has no meaning.
        case ignored(note: String)
        /// Only this value is what happens here, with a note if there is something to say.
        case only(String, note: String?, otherwise: String)
        case refused(reason: String)
    }

    /// Without dashes, `-` for `_`.
    let key: String
    let takesValue: Bool
    let rule: Rule

    init(_ key: String, takesValue: Bool = true, _ rule: Rule) {
        self.key = key
        self.takesValue = takesValue
        self.rule = rule
    }

    /// What to tell the user about the option; nil for nothing.
    ///
    /// - Throws: ``ForeignProgramError/refused(program:option:reason:)``.
    func note(_ value: String?, of program: ForeignProgram) throws(ForeignProgramError) -> String? {
        func refusal(_ reason: String) -> ForeignProgramError {
            .refused(program: program.name, option: "-\(key)" + (value.map { " \($0)" } ?? ""), reason: reason)
        }
        switch rule {
        case .ignored(let note): return note
        case .only(let allowed, let note, let otherwise):
            guard value == allowed else { throw refusal(otherwise) }
            return note
        case .refused(let reason): throw refusal(reason)
        }
    }

    private static let device = ForeignOption(
        "device", .only("cpu", note: nil, otherwise: "computes on CPUs; leave the option out, or say -device cpu"))

    static let training = [
        device,
        ForeignOption(
            "num-gpus",
            .only(
                "1", note: "has no meaning here, mpirun starts several ranks",
                otherwise: "computes on CPUs; start several ranks with mpirun -n")),
        ForeignOption(
            "val-best", takesValue: false, .refused(reason: "validates with the final checkpoint; leave the option out")
        ),
        ForeignOption(
            "disable-checkpointing", takesValue: false,
            .ignored(note: "has no meaning here, a run without checkpoints could not be continued")),
    ]

    static let prediction = [
        device,
        ForeignOption("npp", .ignored(note: "has no meaning here, one process does all on its threads")),
        ForeignOption("nps", .ignored(note: "has no meaning here, one process does all on its threads")),
        ForeignOption("not-on-device", takesValue: false, .ignored(note: "has no meaning on CPUs")),
        ForeignOption("verbose", takesValue: false, .ignored(note: "has no meaning here")),
        ForeignOption("prev-stage-predictions", .refused(reason: "cascades are not here yet")),
    ]
}
