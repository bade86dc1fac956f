/// Reads paths and templates of a flow file. `hasElement`: whether the node's body is split, so that paths can start with
/// `element` and `parents`.
enum SourceReader {
  static func path(
    _ text: String, at path: String, hasElement: Bool = true, faults: inout [ConfigurationFault]
  ) -> ValuePath? {
    do throws(PathSyntaxError) {
      let parsed = try ValuePath(text)
      if !hasElement, parsed.root.isOfElement { faults.append(elementFault(at: path)) }
      return parsed
    } catch {
      faults.append(fault(error, in: text, at: path))
      return nil
    }
  }

  static func template(
    _ text: String, at path: String, constants: Set<String>, hasElement: Bool = true, faults: inout [ConfigurationFault]
  ) -> Template? {
    do throws(PathSyntaxError) {
      let template = try Template(text)
      if !hasElement, template.usesElement { faults.append(elementFault(at: path)) }
      check(template, at: path, constants: constants, faults: &faults)
      return template
    } catch {
      faults.append(fault(error, in: text, at: path))
      return nil
    }
  }

  static func source(
    _ text: String, at path: String, constants: Set<String>, hasElement: Bool = true, faults: inout [ConfigurationFault]
  ) -> MappingSource? {
    Template.isTemplate(text)
      ? template(text, at: path, constants: constants, hasElement: hasElement, faults: &faults).map(MappingSource.template)
      : Self.path(text, at: path, hasElement: hasElement, faults: &faults).map(MappingSource.path)
  }

  private static func elementFault(at path: String) -> ConfigurationFault {
    ConfigurationFault(path, .invalidValue, "There is an element only where the body is split: set split to a list's path.")
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
