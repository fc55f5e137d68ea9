/** The products of the shop. */
export const products = [
  { id: "tea", name: "Green tea", cents: 650, about: "100 g of Sencha, picked in May." },
  { id: "pot", name: "Tea pot", cents: 3900, about: "Cast iron, for four cups & a quiet hour." },
  { id: "cups", name: "Two cups", cents: 1800, about: "Stoneware, glazed by hand. No two are the same." },
  { id: "honey", name: "Honey", cents: 890, about: "500 g from the lime trees of the city park." },
] as const;

/** How many of each product, by its id. */
export type Cart = Readonly<Record<string, number>>;
