// Where one looks at a plane: dragging pans, the wheel and two fingers zoom. Screen = plane × z + (x, y).
export function camera(surface, moved) {
  const fingers = new Map();
  let flight;

  const eye = {
    x: 0,
    y: 0,
    z: 1,
    dragged: false, // a click that ends a drag chooses nothing
    at({ clientX, clientY }, element = surface) {
      const { left, top } = element.getBoundingClientRect();
      return [clientX - left, clientY - top];
    },
    go(x, y, z, flies) {
      cancelAnimationFrame(flight);
      const from = [eye.x, eye.y, eye.z];
      const begun = performance.now();
      const still = !flies || matchMedia("(prefers-reduced-motion: reduce)").matches;
      const step = (now) => {
        const t = still ? 1 : Math.max(0, Math.min(1, (now - begun) / 160));
        [eye.x, eye.y, eye.z] = [x, y, z].map((to, i) => to + (from[i] - to) * (1 - t) ** 3);
        moved();
        if (t < 1) flight = requestAnimationFrame(step);
      };
      step(begun);
    },
    zoom(factor, [px, py], flies) {
      const z = Math.max(0.01, Math.min(2, eye.z * factor));
      eye.go(px - ((px - eye.x) * z) / eye.z, py - ((py - eye.y) * z) / eye.z, z, flies);
    },
  };

  // Middle and distance of two fingers, or one finger and 0.
  const grip = () => {
    const [a, b = a] = [...fingers.values()];
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, Math.hypot(a[0] - b[0], a[1] - b[1])];
  };
  surface.addEventListener("pointerdown", (event) => {
    if (!fingers.size) eye.dragged = false;
    if (!event.button) fingers.set(event.pointerId, eye.at(event));
  });
  surface.addEventListener("pointermove", (event) => {
    const [finger, now] = [fingers.get(event.pointerId), eye.at(event)];
    if (!finger || (!eye.dragged && Math.hypot(now[0] - finger[0], now[1] - finger[1]) < 4)) return;
    surface.setPointerCapture(event.pointerId);
    eye.dragged = true;
    const before = grip();
    fingers.set(event.pointerId, now);
    const [x, y, distance] = grip();
    eye.go(eye.x + x - before[0], eye.y + y - before[1], eye.z);
    if (before[2]) eye.zoom(distance / before[2], [x, y]);
  });
  for (const type of ["pointerup", "pointercancel"]) surface.addEventListener(type, (event) => fingers.delete(event.pointerId));
  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    const pixels = event.deltaY * [1, 20, 400][event.deltaMode];
    eye.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), eye.at(event));
  }, { passive: false });
  return eye;
}
