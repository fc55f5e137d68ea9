/** Where the inspector is. */
export const inspectorPath = "/__mini";
