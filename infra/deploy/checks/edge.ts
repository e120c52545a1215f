/** What must hold between the edge's templates (infra/deploy/nginx) and those who fill them in. */

const variablesIn = (text: string): string[] => [...new Set(text.match(/\bEDGE_[A-Z_]+/g))];

/** One sentence each: nginx does not start with a variable that nobody sets, and nobody reads one too many. */
export function edgeProblems(templates: string, places: Readonly<Record<string, string>>): string[] {
  const read = variablesIn(templates.match(/\$\{EDGE_[A-Z_]+\}/g)?.join(' ') ?? '');
  return Object.entries(places).flatMap(([place, text]) => {
    const said = variablesIn(text);
    return [
      ...read.filter((name) => !said.includes(name)).map((name) => `${place} leaves out ${name}`),
      ...said
        .filter((name) => !read.includes(name))
        .map((name) => `${place} sets ${name}, which no template reads`),
    ];
  });
}
