export function checkLinks(site: string): readonly string[];
