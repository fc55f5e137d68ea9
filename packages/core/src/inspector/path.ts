/** The path of the inspector's page. */
export const inspectorPath = "/__mini";
