import Documents

/// What plans say of preprocessing, as the store of the cases keeps it.
///
/// As in nnU-Net, plans of several planners name one folder of cases, so that whoever preprocesses last decides what lies
/// there: what uses the cases must ask whether they are those of its own plans.
package enum PreprocessingRecipe {
    /// What counts in a configuration, the most telling first.
    static let configurationKeys = [
        "spacing", "normalization_schemes", "use_mask_for_norm", "resampling_fn_data", "resampling_fn_data_kwargs",
        "resampling_fn_seg", "resampling_fn_seg_kwargs", "preprocessor_name",
    ]

    /// The keys and values of the plans; statistics of intensities only where a channel is normalized by them.
    package static func make(plans: Plans, configuration: Configuration) -> JSONObject {
        var recipe: JSONObject = [:]
        for key in configurationKeys { recipe[key] = configuration.json[key] }
        recipe["transpose_forward"] = .integers(plans.transposeForward)
        if configuration.normalizationSchemes.contains(.ct) {
            let key = "foreground_intensity_properties_per_channel"
            recipe[key] = plans.json[key]
        }
        return recipe
    }
}

extension CaseStore {
    /// Checks that the cases were made as a configuration says, and not for other plans that share the folder.
    ///
    /// - Throws: ``DatasetError/store(folder:problem:)`` with the first key that differs.
    public func check(plans: Plans, configuration: Configuration) throws(DatasetError) {
        guard let recipe else { return }
        let wanted = PreprocessingRecipe.make(plans: plans, configuration: configuration)
        for (key, value) in wanted.members {
            let (own, other) = (value.text(sortedKeys: true), recipe[key]?.text(sortedKeys: true) ?? "nothing")
            guard own != other else { continue }
            let areShort = max(own.count, other.count) <= Self.longestShownValue
            throw .store(
                folder: folder,
                problem:
                    "they were made with \(areShort ? "\(key) \(other)" : "another \(key)"), but \(plans.path) says "
                    + "\(areShort ? own : "otherwise") for \(configuration.name); other plans share this folder, so run "
                    + "preprocess -plans_name \(plans.name) -c \(configuration.name), which replaces the cases, or train "
                    + "with the plans that they were made for")
        }
    }

    /// Characters of a value that a message can hold.
    private static let longestShownValue = 120
}
