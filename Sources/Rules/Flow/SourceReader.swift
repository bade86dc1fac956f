/// Reads paths and templates of a flow file.
enum SourceReader {
  static func path(_ text: String, at path: String, faults: inout [ConfigurationFault]) -> ValuePath? {
    do throws(PathSyntaxError) {
      return try ValuePath(text)
    } catch {
      faults.append(fault(error, in: text, at: path))
      return nil
    }
  }

  static func template(
    _ text: String, at path: String, constants: Set<String>, faults: inout [ConfigurationFault]
  ) -> Template? {
    do throws(PathSyntaxError) {
      let template = try Template(text)
      check(template, at: path, constants: constants, faults: &faults)
      return template
    } catch {
      faults.append(fault(error, in: text, at: path))
      return nil
    }
  }

  static func source(
    _ text: String, at path: String, constants: Set<String>, faults: inout [ConfigurationFault]
  ) -> MappingSource? {
    Template.isTemplate(text)
      ? template(text, at: path, constants: constants, faults: &faults).map(MappingSource.template)
      : Self.path(text, at: path, faults: &faults).map(MappingSource.path)
  }

  private static func check(
    _ template: Template, at path: String, constants: Set<String>, faults: inout [ConfigurationFault]
  ) {
    for name in template.constants where !constants.contains(name) {
      let hint = Spelling.suggestion(for: name, in: constants.sorted())
      faults.append(ConfigurationFault(path, .unknownReference, "The flow has no constant \(Spelling.quoted(name)).\(hint)"))
    }
  }

  private static func fault(_ error: PathSyntaxError, in text: String, at path: String) -> ConfigurationFault {
    ConfigurationFault(path, .invalidValue, "\(Spelling.quoted(text)), \(error)")
  }
}
