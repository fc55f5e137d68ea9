import type { RuleArgs } from "./rule-types.ts";
import type { SchemaOutput, StandardSchema } from "../forms/schema.ts";
import type { HandlerLike, Rule } from "./rule.ts";

/** The methods that a class answers if it has them. */
type Verb = "get" | "head" | "post" | "put" | "patch" | "delete" | "options" | "query" | "propfind" | "proppatch" | "mkcol" | "mkcalendar";

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

/** Names of the methods that do not accept the output of the query's schema as their second argument. */
type RefusingQuery<Instance, Member extends PropertyKey, Query> = {
  [Key in Member & keyof Instance]: Instance[Key] extends (...given: infer Given) => unknown
    ? Given extends readonly [unknown?]
      ? never
      : [[Query] extends [StandardSchema] ? SchemaOutput<Query> : undefined] extends [Given[1]]
        ? never
        : Key
    : never;
}[Member & keyof Instance];

/** Names of the methods that return anything but a response. */
type Wrong<Instance, Member extends PropertyKey, Result> = {
  [Key in Member & keyof Instance]: Instance[Key] extends (...given: never) => infer Given
    ? [Given] extends [Result | Promise<Result>]
      ? never
      : Key
    : Key;
}[Member & keyof Instance];

/** The methods that a rule lists and its handler lacks, as names of members. The framework answers OPTIONS itself. */
type Lacking<Instance, Method extends string> = string extends Method
  ? never
  : [Exclude<keyof Instance, "app" | "request">] extends [never] // a class that is only known as a RequestHandler
    ? never
    : Exclude<Lowercase<Method>, keyof Instance | "options" | ("get" extends keyof Instance ? "head" : never)>;

/** One of the members of a union. */
type OneOf<Union> = (Union extends unknown ? (each: () => Union) => void : never) extends (each: infer All) => void
  ? All extends () => infer One
    ? One
    : never
  : never;

/** The texts of a union, each in quotes. */
type Quoted<Union, Rest extends string = ""> = [Union] extends [never]
  ? Rest
  : OneOf<Union> extends infer One extends string
    ? Quoted<Exclude<Union, One>, Rest extends "" ? `'${One}'` : `'${One}' | ${Rest}`>
    : Rest;

/** The name of the type of an argument, for a message. */
type NameOf<Value> = [Value] extends [string]
  ? string extends Value
    ? "string"
    : Quoted<Value>
  : [Value] extends [number]
    ? "number"
    : [Value] extends [boolean]
      ? "boolean"
      : [Value] extends [readonly (infer Each)[]]
        ? `${NameOf<Each>}[]`
        : [Value] extends [bigint]
          ? "bigint"
          : [Value] extends [Date]
            ? "Date"
            : "...";

/** The arguments as they are written in a type, for a message. */
type Shown<Args, Keys = keyof Args, Rest extends string = ""> = [Keys] extends [never]
  ? Rest extends ""
    ? "{}"
    : `{ ${Rest} }`
  : OneOf<Keys> extends infer Key extends keyof Args & string
    ? Shown<
        Args,
        Exclude<Keys, Key>,
        `${Key}${{} extends Pick<Args, Key> ? "?" : ""}: ${NameOf<Exclude<Args[Key], undefined>>}${Rest extends "" ? "" : `; ${Rest}`}`
      >
    : "{ ... }";

/** The arguments that a method accepts. */
type Accepted<Method> = Method extends (...given: infer Given) => unknown ? Exclude<Given[0], undefined> : never;

/** A sentence for what is wrong with the methods of a handler; `never`: nothing. */
type Problem<Path extends string, Args, Handler extends HandlerLike, Action extends string, Method extends string, Result, Query> =
  InstanceType<Handler> extends infer Instance
    ? [Action] extends [keyof Instance]
      ? [Refusing<Instance, Called<Action, Method>, Args>] extends [never]
        ? [Wrong<Instance, Called<Action, Method>, Result>] extends [never]
          ? [Action] extends [never]
            ? [Lacking<Instance, Method>] extends [never]
              ? QueryProblem<Path, RefusingQuery<Instance, Called<Action, Method>, Query>, Query>
              : `the handler of the rule "${Path}" has no method "${Lacking<Instance, Method>}", but the rule lists ${Uppercase<Lacking<Instance, Method> & string>} in its methods`
            : QueryProblem<Path, RefusingQuery<Instance, Called<Action, Method>, Query>, Query>
          : `handler method "${Wrong<Instance, Called<Action, Method>, Result> & string}" of the rule "${Path}" does not return a Response or Html`
        : Refusal<Path, Args, Instance, Refusing<Instance, Called<Action, Method>, Args>>
      : `the handler of the rule "${Path}" has no method "${Action}"`
    : never;

/** A sentence for each method that does not accept the query. */
type QueryProblem<Path extends string, Member, Query> = Member extends string
  ? [Query] extends [StandardSchema]
    ? `handler method "${Member}" does not accept the query of "${Path}": the output of its schema is ${Shown<SchemaOutput<Query>>}`
    : `handler method "${Member}" takes a second argument, the query, but the rule "${Path}" has no schema for its query`
  : never;

/** A sentence for each method that does not accept the arguments. */
type Refusal<Path extends string, Args, Instance, Member> = Member extends keyof Instance & string
  ? `handler method "${Member}" does not accept the parameters of "${Path}": it takes ${Shown<Accepted<Instance[Member]>>}, but the rule ${Passed<Args>}`
  : never;

/** The end of a sentence that says what the rule passes to its handler. */
type Passed<Args> = [keyof Args] extends [never] ? "has no parameters" : `passes ${Shown<Args>}`;

/** What is wrong with a rule; `never`: nothing. */
type ProblemOf<Entry, Result> =
  Entry extends Rule<infer Path, string, infer Handler, infer Action, infer Method, infer Where, infer Host, infer Defaults, infer Query>
    ? string extends Path
      ? never
      : HandlerLike extends Handler // no handler: the rule redirects, or only builds URLs
        ? never
        : Problem<Path, RuleArgs<Path, Host, Where, Defaults>, Handler, Action, Method, Result, Query>
    : "this is not a Rule; make one with new Rule(path, { ... })";

/** The places of a tuple. */
type Places<Rules> = keyof Rules & `${number}`;

/**
 * The type of the rules. Instead of a wrong rule, it has a type that says what is wrong: a method of its handler does not accept
 * the arguments of the rule, or does not return a `Result`.
 */
export type CheckRules<Rules extends readonly unknown[], Result> = unknown extends Rules[number]
  ? "the rules must be an array of rules: [new Rule(path, { ... })]"
  : [ProblemOf<Rules[number], Result>] extends [never]
    ? Rules
    : number extends Rules["length"]
      ? ProblemOf<Rules[number], Result>
      : {
          readonly [Place in Places<Rules> as [ProblemOf<Rules[Place], Result>] extends [never] ? never : Place]: ProblemOf<
            Rules[Place],
            Result
          >;
        };
