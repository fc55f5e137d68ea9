import type { RuleArgs } from "./rule-types.ts";
import type { HandlerLike, Rule } from "./rule.ts";

type Verb = "get" | "head" | "post" | "put" | "patch" | "delete" | "options";

/** Names of the methods that a rule can call: its action, or else those for its HTTP methods. */
type Called<Action extends string, Method extends string> = [Action] extends [never]
  ? string extends Method
    ? Verb
    : Lowercase<Method> | (Uppercase<Method> extends "HEAD" ? "get" : never)
  : Action;

/** Names of the methods that do not accept the arguments. */
type Refusing<Instance, Member extends PropertyKey, Args> = {
  [Key in Member & keyof Instance]: Instance[Key] extends (...given: infer Given) => unknown
    ? Given extends readonly []
      ? never
      : [Args] extends [Given[0]]
        ? never
        : Key
    : Key;
}[Member & keyof Instance];

/** Names of the methods that return anything but a response. */
type Wrong<Instance, Member extends PropertyKey, Result> = {
  [Key in Member & keyof Instance]: Instance[Key] extends (...given: never) => infer Given
    ? [Given] extends [Result | Promise<Result>]
      ? never
      : Key
    : Key;
}[Member & keyof Instance];

type Problem<Path extends string, Args, Handler extends HandlerLike, Action extends string, Method extends string, Result> =
  InstanceType<Handler> extends infer Instance
    ? [Action] extends [keyof Instance]
      ? [Refusing<Instance, Called<Action, Method>, Args>] extends [never]
        ? [Wrong<Instance, Called<Action, Method>, Result>] extends [never]
          ? never
          : `handler method "${Wrong<Instance, Called<Action, Method>, Result> & string}" of the rule "${Path}" does not return a Response or Html`
        : `handler method "${Refusing<Instance, Called<Action, Method>, Args> & string}" does not accept the parameters of "${Path}"`
      : `the handler of the rule "${Path}" has no method "${Action}"`
    : never;

type CheckRule<Entry, Result> =
  Entry extends Rule<infer Path, string, infer Handler, infer Action, infer Method, infer Where, infer Host, infer Defaults>
    ? string extends Path
      ? Entry
      : HandlerLike extends Handler // no handler: the rule redirects, or only builds URLs
        ? Entry
        : Problem<Path, RuleArgs<Path, Host, Where, Defaults>, Handler, Action, Method, Result> extends infer Found
          ? [Found] extends [never]
            ? Entry
            : { readonly error: Found }
          : never
    : { readonly error: "this is not a Rule; make one with new Rule(path, { ... })" };

/**
 * The type of the rules, in which a rule that is wrong is replaced by a message: a method of its handler does not accept the
 * arguments of the rule, or does not return a `Result`.
 */
export type CheckRules<Rules extends readonly unknown[], Result> = { readonly [Key in keyof Rules]: CheckRule<Rules[Key], Result> };
