import httpx

async def test_me(api: httpx.AsyncClient, viewer_api, anonymous_api, other_project) -> None:
    answer = await api.get("/api/v1/me")
    print(answer.text, answer.headers)
    for c in (api, viewer_api, anonymous_api):
        for p in ("/api/v1/me","/api/v1/projects", "/api/v1/projects/default","/api/v1/projects/other","/api/v1/users","/api/v1/tokens","/api/v1/openapi.json","/health/ready","/api/v1/xx", "/xx"):
            a=await c.get(p); print(a.status_code, p, a.text[:150])
